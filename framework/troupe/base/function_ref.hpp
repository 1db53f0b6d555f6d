#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace troupe {

template <class Signature>
class function_ref;

/// A callable passed down a call and never kept: two words, no allocation. The callable must outlive the call.
/// (The shape of std::function_ref, C++26.)
template <class R, class... Args>
class function_ref<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function_ref> && std::is_invocable_r_v<R, F&, Args...>)
  function_ref(F&& f) noexcept  // NOLINT(bugprone-forwarding-reference-overload): constrained above
      : object_{const_cast<void*>(static_cast<const void*>(std::addressof(f)))}
      , call_{[](void* object, Args... args) -> R {
        return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
      }} {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace troupe
