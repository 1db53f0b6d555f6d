#pragma once

#include "troupe/actor/address.hpp"
#include "troupe/actor/any_answer.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/runtime/body.hpp"
#include "troupe/runtime/cell.hpp"
#include "troupe/wire/buffer.hpp"

#include <cstdint>
#include <string>

namespace troupe::actors {

/// `ref<Api>` without its type: the address of an actor, and its mailbox if it lives in this process. A value; copies
/// may be used from any thread.
class any_ref {
 public:
  any_ref() noexcept = default;
  /// An actor of this process.
  any_ref(actor_address address, runtime::cell mailbox) noexcept : address_{address}, mailbox_{std::move(mailbox)} {}
  /// Wherever it is.
  [[nodiscard]] static any_ref at(actor_address address);

  [[nodiscard]] const actor_address& address() const noexcept { return address_; }
  /// Whether messages to it stay in this process: they need no encoding. Throws errc::invalid_argument if it is empty.
  [[nodiscard]] bool is_here() const;

  // What to do when the mailbox, or the other process's inbox, is full.
  enum class when_full : bool { fail, complain };

  /// False only for `when_full::fail`. Throws errc::actor_gone, errc::mailbox_full.
  bool tell_here(std::uint32_t index, runtime::body message, when_full policy) const;
  /// Waits for room in the inbox up to the limit of the system's options. Throws errc::process_died,
  /// errc::mailbox_full.
  bool tell_there(std::uint32_t index, std::uint64_t protocol, const wire::buffer& message, when_full policy) const;

  /// Never throw for what concerns the actor: that comes with the answer.
  [[nodiscard]] any_answer ask_here(std::uint32_t index, runtime::body message, deadline limit) const;
  [[nodiscard]] any_answer ask_there(std::uint32_t index, std::uint64_t protocol, const wire::buffer& message,
                                     deadline limit) const;

  /// Throws errc::type_mismatch unless the two fingerprints agree. `expected` names the protocol wanted.
  static void check_protocol(std::uint64_t arrived, std::uint64_t wanted, std::string (*expected)());

  friend bool operator==(const any_ref& a, const any_ref& b) noexcept { return a.address_ == b.address_; }

 private:
  actor_address address_;
  runtime::cell mailbox_;
};

}  // namespace troupe::actors
