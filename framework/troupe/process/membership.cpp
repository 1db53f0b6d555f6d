#include "troupe/process/membership.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/process/fork_server_protocol.hpp"
#include "troupe/process/inbox.hpp"
#include "troupe/process/member.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <sys/socket.h>

namespace troupe::tree {

namespace {

std::atomic<membership*> the_one{nullptr};

// If the fork server itself is killed nobody bumps our interrupt word; this is how soon we notice.
constexpr auto server_check = std::chrono::seconds{1};
constexpr int lost_exit_status = 255;

static_assert(slot_count <= 1U << 16);  // an owner word's slot

memory::owner::word word_of(process_id id) { return std::uint64_t{id.slot} << 32 | id.generation; }
process_id id_of(memory::owner::word word) {
  return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
}

}  // namespace

membership::membership(process_table table, process_id self, unique_fd fork_server)
    : table_{std::move(table)}
    , self_{self}
    , fork_server_{std::move(fork_server)} {
  memory::interrupt::use(table_.at(self_).interrupts);
  memory::owner::use(word_of(self_), *this);
  the_one.store(this, std::memory_order_release);
}

membership::~membership() {
  the_one.store(nullptr, std::memory_order_release);
  memory::owner::use_none();
  memory::interrupt::use_none();
}

bool membership::is_dead(memory::owner::word who) const noexcept { return table_.is_dead(id_of(who)); }
std::string membership::describe(memory::owner::word who) const { return table_.describe(id_of(who)); }

membership& membership::current() {
  if (auto* here = current_or_null()) return *here;
  throw error{errc::no_system, "no troupe::system exists in this program; construct one as the first line of main"};
}

membership* membership::current_or_null() noexcept { return the_one.load(std::memory_order_acquire); }

// -- asking the fork server ------------------------------------------------------------------------------------------

namespace {

reply ask(int line, const request& what, std::span<const int> descriptors) {
  const auto gone = [] {
    return error{errc::start_failed,
                 "the fork server is gone; it was killed, and all processes it had started with it"};
  };
  const auto out = transport::send_packet(line, std::as_bytes(std::span{&what, 1}), {}, descriptors, deadline::never());
  if (out != transport::packet_result::done) throw gone();
  reply answer;
  const auto in = transport::receive_packet(line, std::as_writable_bytes(std::span{&answer, 1}), {}, deadline::never());
  if (in.result != transport::packet_result::done || in.size != sizeof answer) throw gone();
  return answer;
}

}  // namespace

membership::started membership::start(std::string_view name, std::span<const std::byte> body,
                                      wire::outgoing_handles& handles) {
  auto file = memory::region::create("troupe start", std::max<std::size_t>(body.size(), 1), body.size());
  if (!body.empty()) std::memcpy(file.data(), body.data(), body.size());
  std::vector<int> descriptors{file.fd()};
  descriptors.insert(descriptors.end(), handles.fds().begin(), handles.fds().end());
  const request what{.kind = request_kind::start, .body_size = body.size(), .name = make_process_name(name)};
  reply answer;
  {
    const std::lock_guard one_at_a_time{asking_};
    answer = ask(fork_server_.get(), what, descriptors);
  }
  if (answer.error == EAGAIN)
    throw error{errc::start_failed, "process " + std::string{name}
                                        + " cannot be started: the system allows no more processes"
                                          " (at most "
                                        + std::to_string(slot_count) + " in one tree)"};
  if (answer.error != 0)
    throw error{errc::start_failed, "process " + std::string{name}
                                        + " cannot be started: fork: " + std::generic_category().message(answer.error)};
  handles.sent();
  return {answer.id, answer.pid};
}

void membership::signal(process_id target, int number) {
  const request what{.kind = request_kind::signal, .signal = number, .target = target};
  const std::lock_guard one_at_a_time{asking_};
  const reply answer = ask(fork_server_.get(), what, {});
  if (answer.error == 0) return;
  errno = answer.error;
  throw_errno("kill", table_.describe(target));
}

bool membership::fork_server_is_gone() const {
  char nothing = 0;
  return ::recv(fork_server_.get(), &nothing, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool membership::wait_for_death(process_id id, deadline limit) {
  for (;;) {
    const std::uint32_t interrupts = memory::interrupt::sample();
    if (table_.is_dead(id)) {
      // The fork server may not have come to our word yet, and who knows of a death relies on what follows from it.
      memory::interrupt::raise_own();
      return true;
    }
    if (limit.passed()) return false;
    memory::park(table_.at(id).state, live, interrupts, limit.earlier(deadline::after(server_check)));
    if (!table_.is_dead(id) && fork_server_is_gone()) return true;
  }
}

int membership::exit_status(process_id id) const {
  const slot& row = table_.at(id);
  const bool told = table_.holds(id) && row.state.load(std::memory_order_acquire) == dead;
  return told ? row.exit_status.load(std::memory_order_relaxed) : lost_exit_status;
}

// -- inboxes ---------------------------------------------------------------------------------------------------------

transport::byte_queue& membership::open_inbox() {
  const std::lock_guard guard{inboxes_lock_};
  if (!own_inbox_) {
    own_inbox_ = transport::byte_queue::create_in(table_.map_inbox(self_.slot), inbox_limits);
    table_.at(self_).inbox.store(self_.generation, std::memory_order_release);
  }
  return own_inbox_;
}

transport::byte_queue membership::inbox_of(process_id id) {
  if (table_.is_dead(id)) throw error{errc::process_died, describe_death(id)};
  const std::lock_guard guard{inboxes_lock_};
  auto& known = inboxes_[id];
  if (!known) {
    if (table_.at(id).inbox.load(std::memory_order_acquire) != id.generation)
      throw error{errc::no_system, table_.describe(id) + " hosts no actors"};
    std::erase_if(inboxes_, [&](const auto& entry) { return entry.first != id && table_.is_dead(entry.first); });
    known = transport::byte_queue::attach_to(table_.map_inbox(id.slot), 0);
  }
  return known;
}

// -- member.hpp ------------------------------------------------------------------------------------------------------

process_id self() { return membership::current().self(); }
bool has_system() noexcept { return membership::current_or_null() != nullptr; }
bool is_dead(process_id id) { return membership::current().table().is_dead(id); }
std::string describe(process_id id) { return membership::current().table().describe(id); }

std::string describe_death(process_id id) {
  const membership& here = membership::current();
  if (!here.table().holds(id)) return here.table().describe(id);
  return here.table().describe(id) + " " + describe_exit(here.exit_status(id));
}

void at_leave(void (*ending)() noexcept) noexcept {
  if (auto* here = membership::current_or_null()) here->at_leave(ending);
}

transport::byte_queue& open_inbox() { return membership::current().open_inbox(); }
transport::byte_queue inbox_of(process_id id) { return membership::current().inbox_of(id); }

}  // namespace troupe::tree
