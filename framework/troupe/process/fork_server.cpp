#include "troupe/process/fork_server.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/wire/archive.hpp"
#include "troupe/wire/message.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

constexpr int try_again_ms = 100;  // while somebody is inside of an inbox of the dead

}  // namespace

fork_server::fork_server(server_seat& seat, reaper& children, int keeper_life)
    : seat_{seat}
    , table_{seat.table}
    , children_{children}
    , keeper_life_{keeper_life}
    , attributes_{hash_of(wire::encode(seat.attributes).span())} {
  ::prctl(PR_SET_NAME, "troupe-server");
  if (seat_.lifeline) lifelines_[table_.first()] = seat_.lifeline.duplicate();
}

fork_server::outcome fork_server::run() {
  take_over();
  if (seat_.ready) {
    (void)!::write(seat_.ready.get(), "", 1);
    seat_.ready.reset();
  }
  for (;;) {
    (void)children_.reap();
    drop_lifelines();
    answer_owed();
    empty_inboxes();
    if (!root_is_gone_ && (!seat_.root_life || table_.system_over().load() != 0)) see_the_end();
    if (is_over()) return outcome::tree_over;
    enum { deaths, keeper, requests, root_life, count };
    std::array<pollfd, count> entries{{{children_.fd(), POLLIN, 0},
                                       {keeper_life_, POLLIN, 0},
                                       {seat_.requests.in.get(), POLLIN, 0},
                                       {root_is_gone_ ? -1 : seat_.root_life.get(), POLLIN, 0}}};
    const int patience = inboxes_wait_ ? try_again_ms : -1;
    if (::poll(entries.data(), entries.size(), patience) < 0) continue;  // EINTR, or no memory: nothing is lost
    if (entries[keeper].revents != 0) return outcome::keeper_gone;
    if (entries[root_life].revents != 0) see_the_end();
    if (entries[requests].revents != 0 && serve()) return outcome::born;
  }
}

/// Puts in order what a predecessor may have left in the middle: a child that does not exist yet and never will,
/// children that it did not come to end, askers whom it did not answer.
void fork_server::take_over() const {
  for (std::uint32_t i = 0; i < table_.used(); ++i)
    if (table_.at(i).state.load() == ending) table_.bury({i, table_.at(i).generation.load()});
  for (std::uint32_t i = 0; i < table_.used(); ++i) {  // now: a child's row may come before that of its parent
    const process_id id = table_.living(i);
    if (!id || id == table_.first()) continue;
    const bool starts_by_itself = table_.at(i).by_starter.load() != 0 && !table_.has_ended(table_.parent_of(i));
    if (!starts_by_itself && table_.give_birth(id, stillborn)) {
      table_.forget(id);
    } else if (table_.has_ended(table_.parent_of(i))) {
      end_children_of(table_, table_.parent_of(i));
    }
  }
  table_.revivals().store(0);
  table_.server_epoch().fetch_add(1);
  memory::unpark_all(table_.server_epoch());
  table_.interrupt_all();
}

/// Those of the dead are of no use any more, and let go of who still hangs on them.
void fork_server::drop_lifelines() {
  std::erase_if(lifelines_, [&](const auto& entry) { return table_.has_ended(entry.first); });
}

/// The first process has ended, or its system has.
void fork_server::see_the_end() {
  root_is_gone_ = true;
  bury_root(table_, table_.first());
}

bool fork_server::is_over() const {
  if (!root_is_gone_) return false;
  bool somebody = false;
  bool anybody_attached = false;
  for (std::uint32_t i = 0; i < table_.used(); ++i) {
    if (!table_.living(i)) continue;
    somebody = true;
    anybody_attached = anybody_attached || table_.at(i).detached.load(std::memory_order_relaxed) == 0;
  }
  if (!anybody_attached) settle();
  return !somebody;
}

void fork_server::settle() const noexcept {
  table_.settled().store(1);
  memory::unpark_all(table_.settled());
}

/// Handles one request. True in a new process.
bool fork_server::serve() {
  request what;
  request_body body;
  body.bytes.resize(most_in_packet);
  auto packet = transport::receive_packet(seat_.requests.in.get(), std::as_writable_bytes(std::span{&what, 1}),
                                          body.bytes, deadline::now());
  if (packet.result != transport::packet_result::done || packet.size < sizeof what || !table_.holds(what.from))
    return false;
  if (what.what == request::kind::look) (void)::kill(::getppid(), SIGCHLD);  // the keeper looks, too
  if (what.what == request::kind::look || table_.is_dead(what.from)) return false;
  const std::uint32_t ahead = what.number - table_.at(what.from).answered.load(std::memory_order_relaxed);
  if (static_cast<std::int32_t>(ahead) <= 0) return false;  // sent twice
  if (const process_id child = result_of(what)) {
    owed_.push_back({what.from, what.number, child});
    return false;
  }
  const std::size_t needed = what.what == request::kind::start ? fixed_descriptors + what.in_memory : 0;
  if (!packet.cut && what.keeps_lifeline != 0 && packet.descriptors.size() > needed) {
    lifelines_[what.from] = std::move(packet.descriptors.back());
    packet.descriptors.pop_back();
  }
  if (packet.cut || packet.descriptors.size() < needed) {
    answer(what, packet.cut ? EMFILE : EBADMSG, {});
    return false;
  }
  if (what.what == request::kind::reserve) return reserve(what);
  body.bytes.resize(packet.size - sizeof what);
  body.attributes_size = what.attributes_size;
  body.body_size = what.body_size;
  if (what.in_memory != 0) {
    body.memory = std::move(packet.descriptors[fixed_descriptors]);
    packet.descriptors.erase(packet.descriptors.begin() + fixed_descriptors);
  }
  return start(what, std::move(body), std::move(packet));
}

/// The process that a predecessor had started for this request.
process_id fork_server::result_of(const request& what) const noexcept {
  for (std::uint32_t i = 0; i < table_.used(); ++i) {
    const slot& row = table_.at(i);
    const bool counts =
        row.state.load(std::memory_order_acquire) != unused && row.released.load(std::memory_order_relaxed) == 0;
    if (counts && table_.parent_of(i) == what.from && row.request.load(std::memory_order_relaxed) == what.number)
      return {i, row.generation.load(std::memory_order_relaxed)};
  }
  return {};
}

process_id fork_server::claim(const request& what, bool settles) const noexcept {
  return table_.claim({.parent = what.from,
                       .request = what.number,
                       .name = text_of(what.name),
                       .on_parent_death = what.on_parent_death,
                       .daemon = what.daemon != 0,
                       .by_starter = what.what == request::kind::reserve,
                       .settles = settles});
}

bool fork_server::reserve(const request& what) const noexcept {
  const process_id id = claim(what, false);
  answer(what, id ? 0 : ENOSPC, id);
  if (id && table_.has_ended(what.from)) end_children_of(table_, what.from);
  return false;
}

bool fork_server::start(const request& what, request_body body, transport::received_packet packet) {
  const bool settles = what.attributes != attributes_;
  // Who has become another user may have its processes only as that user, whatever it says to be.
  if (!packet.sender || (!settles && (packet.sender->uid != ::getuid() || packet.sender->gid != ::getgid()))) {
    answer(what, EPERM, {});
    return false;
  }
  const process_id id = claim(what, settles);
  if (!id) {
    answer(what, ENOSPC, {});
    return false;
  }
  const auto give_up = [&](int reason) {
    table_.forget(id);
    answer(what, reason, {});
    return false;
  };
  unique_fd life;
  try {
    life = life_lock::hold(table_.fd(), id.slot);
  } catch (const error& e) {
    return give_up(e.code().value());
  }
  const pid_t pid = ::fork();
  if (pid < 0) return give_up(errno);
  if (pid == 0) {
    if (!table_.give_birth(id, ::getpid())) ::_exit(lost_exit_code);  // the server died, and its successor gave us up
    child_ = newborn{id,
                     std::move(life),
                     std::move(seat_.requests),
                     std::move(body),
                     std::move(packet.descriptors),
                     seat_.for_children,
                     std::nullopt};
    if (settles) child_->settles = {*packet.sender, what.thread, seat_.attributes};
    return true;
  }
  (void)table_.give_birth(id, pid);
  if (settles)
    owed_.push_back({what.from, what.number, id});
  else
    answer(what, 0, id);
  // Whoever buried the parent looked at the table before or after our claim. If before, it is dead by now.
  if (table_.has_ended(what.from)) end_children_of(table_, what.from);
  return false;
}

void fork_server::answer(const request& what, std::int32_t reason, process_id child) const noexcept {
  table_.answer(what.from, what.number, reason, child);
}

/// Of those who have ended since the last time: of all whose rows say that they had one.
void fork_server::empty_inboxes() {
  inboxes_wait_ = false;
  for (std::uint32_t i = 0; i < table_.used(); ++i) {
    const process_id id{i, table_.at(i).generation.load(std::memory_order_acquire)};
    if (table_.at(i).state.load(std::memory_order_acquire) == dead && !table_.empty_inbox(id)) inboxes_wait_ = true;
  }
}

/// Who was killed in the middle of becoming what its starter is was started all the same.
void fork_server::answer_owed() {
  std::erase_if(owed_, [&](const owed_answer& owed) {
    const bool is_there = table_.holds(owed.child);
    const std::uint32_t state = is_there ? table_.at(owed.child).settling.load(std::memory_order_acquire) : is_settled;
    if (state == is_settling && !table_.has_ended(owed.child)) return false;
    if (state == cannot_settle) {
      table_.at(owed.child).released.store(1, std::memory_order_relaxed);
      table_.answer(owed.starter, owed.request, start_it_yourself, {});
    } else {
      table_.answer(owed.starter, owed.request, 0, owed.child);
    }
    return true;
  });
}

}  // namespace troupe::tree
