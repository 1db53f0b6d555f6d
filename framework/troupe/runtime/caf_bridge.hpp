#pragma once

// All that differs between CAF's versions, 0.17 and 1.x. CAF_VERSION is no guide (the 1.1.0 release says 0100);
// CAF_VERSION_MAJOR exists from 1.0 on.

#include "troupe/runtime/envelope.hpp"
#include "troupe/runtime/race_notes.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#ifdef CAF_VERSION_MAJOR
  #include <caf/init_global_meta_objects.hpp>
  #include <caf/scheduler.hpp>
  #include <caf/type_id.hpp>
  #define TROUPE_CAF_017 0
#else
  #define TROUPE_CAF_017 1
#endif

namespace troupe::runtime {

/// The envelope as CAF sees it. CAF wants its messages copyable, but copies only those with several holders; ours
/// always have one. It may be destroyed outside of any turn, when its actor has stopped: hence the notes.
struct parcel {
  parcel() = default;
  explicit parcel(envelope&& e) noexcept : content{std::move(e)} {}
  parcel(parcel&& other) noexcept : content{std::move(other.content)} { note_release(this); }
  parcel& operator=(parcel&&) noexcept = default;
  parcel(const parcel&) noexcept : content{} { std::terminate(); }
  parcel& operator=(const parcel&) noexcept { std::terminate(); }
  ~parcel() { note_acquire(this); }

  envelope content;
};

}  // namespace troupe::runtime

#if !TROUPE_CAF_017
CAF_BEGIN_TYPE_ID_BLOCK(troupe, first_custom_type_id)
CAF_ADD_TYPE_ID(troupe, (troupe::runtime::parcel))
CAF_END_TYPE_ID_BLOCK(troupe)
#endif
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::runtime::parcel)

namespace troupe::runtime {

/// What schedules a woken actor: an execution unit in 0.17, a scheduler in 1.x.
using execution_context = std::remove_pointer_t<decltype(std::declval<caf::local_actor&>().context())>;

/// A mailbox element without a sender. 0.17 has forwarding stages in each. `Content` is `parcel`; a template so that
/// the branch for the other version is not compiled.
template <class Content, class Element = caf::mailbox_element>
[[nodiscard]] caf::mailbox_element_ptr make_element(caf::message_priority priority, Content content) {
  const auto id = caf::make_message_id(priority);
  if constexpr (requires { typename Element::forwarding_stack; })
    return caf::make_mailbox_element(nullptr, id, typename Element::forwarding_stack{}, std::move(content));
  else
    return caf::make_mailbox_element(nullptr, id, std::move(content));
}

/// Before the first system of a process.
inline void announce_types() {
#if !TROUPE_CAF_017
  static const bool once =
      (caf::core::init_global_meta_objects(), caf::init_global_meta_objects<caf::id_block::troupe>(), true);
  static_cast<void>(once);
#endif
}

/// `sharing`, because an idle process must not poll, and because it is the only fair policy in 1.x; the throughput
/// bound, because without one an actor that always has mail is never taken off its thread.
class engine_config : public caf::actor_system_config {
 public:
  explicit engine_config(unsigned threads) {
#if TROUPE_CAF_017
    const std::string prefix = "scheduler.";
    set(prefix + "policy", caf::atom("sharing"));
#else
    const std::string prefix = "caf.scheduler.";
    set(prefix + "policy", std::string{"sharing"});
#endif
    set(prefix + "max-threads", std::size_t{threads});
    set(prefix + "max-throughput", std::size_t{300});
  }
};

}  // namespace troupe::runtime
