#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/process/callable.hpp"
#include "troupe/process/entry_point.hpp"
#include "troupe/process/exit_status.hpp"
#include "troupe/process/process_id.hpp"
#include "troupe/process/process_options.hpp"
#include "troupe/process/start_settings.hpp"
#include "troupe/transport/waitable.hpp"
#include "troupe/wire/blank.hpp"
#include "troupe/wire/sequence.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

/// A function that runs, or will run, in a process of its own.
///
/// The function may be a function pointer, a lambda without captures, or a functor that is default constructible and
/// serializable. Arguments are converted to the parameter types at once, serialized at `start()`, and travel to the
/// child. Queues stay shared; a connection moves: into this object first, and if that is never started, it ends there.
/// The low 8 bits of what a function returning int returns are the exit code; any other result is dropped. An exception
/// that escapes is logged with the process's name, and the exit code is 1.
///
/// Move-only, owned by the process that made it. Destroying a running process joins it; a daemon is terminated first,
/// and killed if it has not ended 5 seconds later; one that goes on when orphaned is left alone. Not thread-safe.
class process {
 public:
  template <class F, class... Args>
    requires(!std::is_same_v<std::remove_cvref_t<F>, process_options>
             && !std::is_same_v<std::remove_cvref_t<F>, process>)
  explicit process(F&& function, Args&&... args)
      : process{process_options{}, std::forward<F>(function), std::forward<Args>(args)...} {}

  template <class F, class... Args>
  process(process_options options, F&& function, Args&&... args)
      : process{std::move(options), make_body(std::forward<F>(function), std::forward<Args>(args)...)} {}

  process(process&&) noexcept;
  process& operator=(process&&) noexcept;
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process();

  /// Starts it; returns once it exists. Throws errc::already_started, errc::invalid_argument (see process_options),
  /// errc::start_failed, errc::no_system, and whatever serializing the arguments throws.
  void start();
  /// Blocks until it ended. Any number of times. Throws errc::not_started, and errc::not_parent in a copy that fork()
  /// made of the process that started it, and errc::no_system if it ran in a system that has ended; so do all below.
  void join() { (void)join_until(deadline::never()); }
  /// Whether it has ended.
  [[nodiscard]] bool try_join() { return join_until(deadline::now()); }
  /// False if it still runs after `limit`.
  template <class Rep, class Period>
  [[nodiscard]] bool try_join_for(std::chrono::duration<Rep, Period> limit) {
    return join_until(deadline::after(limit));
  }

  /// False before `start` and once it ended.
  [[nodiscard]] bool is_alive();
  /// N for an exit with code N, -N for a death by signal N; nothing before it ended.
  [[nodiscard]] std::optional<int> exit_code();
  /// The same, with all there is to know.
  [[nodiscard]] std::optional<troupe::exit_status> exit_status();
  /// Nothing before `start`.
  [[nodiscard]] std::optional<int> pid() const noexcept;
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] process_id id() const noexcept;
  [[nodiscard]] bool is_daemon() const noexcept;

  /// For `troupe::wait`: ready when the process has ended. Throws errc::not_started.
  [[nodiscard]] waitable sentinel() const;

  /// Sends SIGTERM. Nothing happens if it has ended. Throws errc::not_started.
  void terminate();
  /// Sends SIGKILL, likewise.
  void kill();
  /// Sends SIGINT, likewise: unless it handles that, it dies of it. (What the terminal sends at Ctrl-C it ignores.)
  void interrupt();

  /// Forgets the process; only its name can be asked for afterwards. Throws errc::still_running. Closing twice is fine.
  void close();

 private:
  /// The callable and its arguments until `start`, with their types erased.
  class body {
   public:
    body() = default;
    body(const body&) = delete;
    body& operator=(const body&) = delete;
    virtual ~body() = default;
    [[nodiscard]] virtual wire::buffer encode(const tree::start_settings& settings,
                                              wire::outgoing_handles& handles) const = 0;
  };
  template <class F, class Args>
  class typed_body;
  struct state;

  process(process_options options, std::unique_ptr<body> what);
  template <class F, class... Args>
  static std::unique_ptr<body> make_body(F&& function, Args&&... args);
  void check_options() const;
  bool join_until(deadline limit);
  void release() noexcept;
  void signal(const char* action, int number) const;
  [[nodiscard]] state& present(const char* action) const;
  [[nodiscard]] state& started(const char* action) const;

  std::unique_ptr<state> state_;
};

// -- implementation of the templates ---------------------------------------------------------------------------------

template <class F, class Args>
class process::typed_body final : public body {
 public:
  using shipped = decltype(tree::ship(std::declval<F>()));
  using stored = typename tree::storage<F, Args>::type;

  template <class... As>
  explicit typed_body(F function, As&&... args)
      : function_{tree::ship(std::move(function))}
      , arguments_{std::forward<As>(args)...} {}

  wire::buffer encode(const tree::start_settings& settings, wire::outgoing_handles& handles) const override {
    return wire::encode_sequence(handles, settings, entry_ref(), function_, arguments_);
  }

 private:
  static int run(wire::load_archive& from) {
    auto function = wire::make_blank<shipped>();
    auto arguments = wire::make_blank<stored>();
    from >> function >> arguments;
    using calls = typename tree::storage<F, Args>::calls;
    if constexpr (std::is_same_v<decltype(tree::call(function, arguments, static_cast<calls*>(nullptr))), int>)
      return tree::call(function, arguments, static_cast<calls*>(nullptr));
    else
      return tree::call(function, arguments, static_cast<calls*>(nullptr)), 0;
  }
  static const code_ref& entry_ref() {
    static const code_ref ref = entry_.ref();
    return ref;
  }
  inline static const tree::entry_point entry_{&typed_body::run};

  shipped function_;
  stored arguments_;
};

template <class F, class... Args>
std::unique_ptr<process::body> process::make_body(F&& function, Args&&... args) {
  using callable = std::decay_t<F>;
  if constexpr (!tree::function_pointer<callable> && !tree::loadable_functor<callable>) {
    static_assert(tree::loadable_functor<callable>,
                  "this callable cannot travel to another process: a lambda must not capture (pass what it captures as"
                  " arguments, or use troupe::bind), a functor must be default constructible and serializable, a"
                  " member function is called by a lambda");
    return nullptr;
  } else {
    using typed = typed_body<callable, std::tuple<Args...>>;
    constexpr bool fits = std::is_constructible_v<typename typed::stored, Args&&...>;
    static_assert(fits,
                  "these arguments do not fit the function's parameters, in number or type (a connection must be passed"
                  " with std::move)");
    if constexpr (fits)
      return std::make_unique<typed>(std::forward<F>(function), std::forward<Args>(args)...);
    else
      return nullptr;
  }
}

}  // namespace troupe
