#include "troupe/process/membership.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/log.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/process/inbox.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/process/member.hpp"
#include "troupe/process/process_attributes.hpp"
#include "troupe/process/program_image.hpp"
#include "troupe/process/revival.hpp"
#include "troupe/transport/packet_socket.hpp"
#include "troupe/wire/message.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

std::atomic<membership*> the_one{nullptr};

constexpr auto daemon_grace = std::chrono::seconds{5};  // from SIGTERM to SIGKILL

static_assert(slot_count <= 1U << 16);  // an owner word's slot

memory::owner::word word_of(process_id id) { return std::uint64_t{id.slot} << 32 | id.generation; }
process_id id_of(memory::owner::word word) {
  return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
}

error servers_gone(const process_table& table) {
  const bool over = table.is_dead(table.first());
  return error{
      errc::start_failed,
      over ? "the fork server and its keeper have ended, and so has the first process of the tree; nothing can be"
             " started any more"
           : "the fork server and its keeper were both killed, and could not be started anew; the log of"
             " the processes of this tree says why"};
}

}  // namespace

membership::membership(process_table table, process_id self, request_channel requests, unique_fd life, lifeline line)
    : table_{std::move(table)}
    , self_{self}
    , requests_{std::move(requests)}
    , life_{std::move(life)}
    , lifeline_{std::move(line)} {
  if (lifeline_.end_of_parent() >= 0) lifeline_kept_ = table_.server_epoch().load();  // the servers were given it
  logs::name_process(text_of(table_.at(self_).name));
  memory::interrupt::use(table_.at(self_).interrupts, []() noexcept {
    if (auto* here = current_or_null()) here->look_after_tree();
  });
  memory::owner::use(word_of(self_), *this);
  the_one.store(this, std::memory_order_release);
  // The lock ends when the last copy of its descriptor does: a forked copy must not live in our stead.
  [[maybe_unused]] static const int watching = ::pthread_atfork(nullptr, nullptr, [] {
    if (auto* here = the_one.load(std::memory_order_acquire)) {
      here->life_.reset();
      here->lifeline_.cut();
    }
  });
}

membership::~membership() {
  the_one.store(nullptr, std::memory_order_release);
  memory::owner::use_none();
  memory::interrupt::use_none();
}

bool membership::is_dead(memory::owner::word who) const noexcept { return table_.is_dead(id_of(who)); }
std::string membership::describe(memory::owner::word who) const { return table_.describe(id_of(who)); }

membership& membership::current() {
  auto* here = current_or_null();
  if (here == nullptr)
    throw error{errc::no_system,
                "there is no troupe::system, or it has ended; it is constructed as the first line of main"};
  if (memory::owner::is_copy())
    throw error{errc::no_system,
                "this process is a copy that fork() made, and no part of the tree of processes; start a"
                " troupe::process instead"};
  return *here;
}

membership* membership::current_or_null() noexcept { return the_one.load(std::memory_order_acquire); }

// -- asking the fork server ------------------------------------------------------------------------------------------

/// What a start needs, whichever way it goes.
struct membership::start_order {
  request what;
  wire::buffer bytes;  // the attributes, then the body
  std::vector<int> fixed;
  std::span<const int> handles;
  memory::region file;  // the bytes, unless they travel in the packet

  void put_into_file() {
    if (file.fd() >= 0) return;
    file = memory::region::create("troupe start", bytes.size(), bytes.size());
    std::copy_n(bytes.data(), bytes.size(), file.data());
    what.in_memory = 1;
  }
  [[nodiscard]] std::span<const std::byte> in_packet() const {
    return what.in_memory != 0 ? std::span<const std::byte>{} : bytes.span();
  }
  /// As they come with a request.
  [[nodiscard]] std::vector<int> descriptors() const {
    std::vector<int> all = fixed;
    if (what.in_memory != 0) all.push_back(file.fd());
    all.insert(all.end(), handles.begin(), handles.end());
    return all;
  }
};

process_id membership::start(const starting& how, std::span<const std::byte> body, wire::outgoing_handles& handles) {
  const wire::buffer attributes = wire::encode(process_attributes::of_this_thread());
  start_order order{.what = {.from = self_,
                             .thread = static_cast<std::int32_t>(::syscall(SYS_gettid)),
                             .attributes = hash_of(attributes.span()),
                             .attributes_size = attributes.size(),
                             .body_size = body.size(),
                             .on_parent_death = how.on_parent_death,
                             .daemon = how.daemon ? 1U : 0U},
                    .bytes = wire::buffer{attributes.size() + body.size()},
                    .fixed = {how.streams_and_folder.begin(), how.streams_and_folder.end()},
                    .handles = handles.fds(),
                    .file = {}};
  assign(order.what.name, how.name);
  std::copy_n(attributes.data(), attributes.size(), order.bytes.data());
  std::copy_n(body.data(), body.size(), order.bytes.data() + attributes.size());
  if (order.bytes.size() > most_in_packet) order.put_into_file();

  const std::lock_guard one_at_a_time{asking_};
  order.fixed.push_back(lifeline_.end_of_child());
  std::int32_t reason = ask_once(order.what, order.in_packet(), order.descriptors());
  if (reason == ENOSPC && collect_ended()) reason = ask_once(order.what, order.in_packet(), order.descriptors());
  if (reason != 0 && reason != start_it_yourself) throw_refused(how.name, reason);
  const process_id id = reason == 0 ? answered_id() : start_by_itself(order, how.name);
  handles.sent();
  return id;
}

/// A further request, and its answer: 0, or why not.
std::int32_t membership::ask_once(request& what, std::span<const std::byte> body, std::vector<int> descriptors) {
  what.number = ++asked_;
  ask(what, body, std::move(descriptors));
  return table_.at(self_).answer_error.load(std::memory_order_relaxed);
}

process_id membership::answered_id() const noexcept {
  const slot& mine = table_.at(self_);
  return {mine.answer_slot.load(std::memory_order_relaxed), mine.answer_generation.load(std::memory_order_relaxed)};
}

/// Where the fork server cannot: see shim.hpp.
process_id membership::start_by_itself(start_order& order, std::string_view name) {
  order.what.what = request::kind::reserve;
  if (const std::int32_t reason = ask_once(order.what, {}, {}); reason != 0) throw_refused(name, reason);
  const process_id id = answered_id();
  try {
    order.put_into_file();
    launch_shim(id, order);
    (void)call_server();  // the keeper is to know of it
    return id;
  } catch (const error& e) {
    if (table_.give_birth(id, stillborn)) table_.forget(id);
    throw error{errc::start_failed, "process " + std::string{name}
                                        + " cannot be started: the fork server cannot make it what this process is now,"
                                          " and this process cannot do it, either: "
                                        + e.what()};
  }
}

namespace {

void refuse_other_pid_namespace() {
  if (process_attributes::of_this_thread().has_other_pid_namespace_for_children())
    throw error{
        errc::unsupported,
        "it has set its children apart in another pid namespace, where the other processes of the tree could not"
        " tell them by their pids"};
}

/// Blocks until whoever has the other end said how it went. Throws if that was not well.
void wait_for_shim(const unique_fd& news) {
  int problem = 0;
  ssize_t count = 0;
  do {
    count = ::read(news.get(), &problem, sizeof problem);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof problem)
    throw error{errc::start_failed, "the fresh image of the program ended before it came to troupe::system"};
  errno = problem;
  if (problem != 0) throw_errno("fork", "a process that is as this one is now");
}

}  // namespace

void membership::launch_shim(process_id id, const start_order& from) {
  refuse_other_pid_namespace();
  const unique_fd life = life_lock::hold(table_.fd(), id.slot);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe2", "the start of a process");
  const unique_fd news{ends[0]};
  unique_fd status{ends[1]};
  image_order order{.what = image_order::role::shim,
                    .id = id,
                    .attributes_size = from.what.attributes_size,
                    .body_size = from.what.body_size,
                    .fds = {table_.fd(), life.get(), requests_.in.get(), requests_.out.get(), from.file.fd()}};
  ::pthread_sigmask(SIG_BLOCK, nullptr, &order.mask);
  order.fds.insert(order.fds.end(), from.fixed.begin(), from.fixed.end());
  order.fds.insert(order.fds.end(), from.handles.begin(), from.handles.end());
  order.fds.push_back(status.get());
  order.launch();
  status.reset();
  wait_for_shim(news);
}

void membership::throw_refused(std::string_view name, std::int32_t reason) {
  std::string text = "process " + std::string{name} + " cannot be started: ";
  if (reason == ENOSPC)
    text += std::to_string(slot_count) + " processes are in the tree, and no more fit";
  else
    text += "fork: " + std::generic_category().message(reason);
  throw error{errc::start_failed, text};
}

/// Returns once it is answered. If the fork server dies meanwhile, its successor gets the request again: one of the two
/// has it for certain, and the second one knows what the first one did.
void membership::ask(request what, std::span<const std::byte> body, std::vector<int> descriptors) {
  const std::atomic<std::uint32_t>& answered = table_.at(self_).answered;
  const std::size_t without_lifeline = descriptors.size();
  for (bool again = false;; again = true) {
    if (again) log(log_level::info, "the fork server was killed; its successor is asked again");
    look_after_tree();
    const std::uint32_t epoch = table_.server_epoch().load();
    descriptors.resize(without_lifeline);
    what.keeps_lifeline = lifeline_kept_ == epoch ? 0 : 1;
    if (what.keeps_lifeline != 0) descriptors.push_back(lifeline_.end_of_parent());
    const bool sent = send(what, body, descriptors, again);
    if (sent) lifeline_kept_ = epoch;
    while (table_.server_epoch().load() == epoch) {
      const std::uint32_t interrupts = memory::interrupt::sample();
      const std::uint32_t last = answered.load(std::memory_order_acquire);  // SYNC "answered"
      if (last == what.number) return;
      if (table_.server_epoch().load() != epoch) break;
      if (no_servers_to_come()) throw servers_gone(table_);
      if (!memory::park(answered, last, interrupts, deadline::after(memory::interrupt::longest_nap)) && !sent) break;
    }
    if (answered.load(std::memory_order_acquire) == what.number) return;
  }
}

/// False if the system lacks the means for it at this moment, and the same request was sent before: that one may still
/// be answered, so this is no failure. False as well while nobody takes requests out of a full channel.
bool membership::send(const request& what, std::span<const std::byte> body, std::span<const int> descriptors,
                      bool again) {
  try {
    const auto bytes = std::as_bytes(std::span{&what, 1});
    return transport::send_packet(requests_.out.checked("the line to the fork server"), bytes, body, descriptors,
                                  deadline::after(memory::interrupt::longest_nap))
           == transport::packet_result::done;
  } catch (const error&) {
    if (again) return false;
    throw;
  }
}

bool membership::call_server() noexcept {
  const request what{.what = request::kind::look, .from = self_};
  try {
    const int line = requests_.out.checked("the line to the fork server");
    (void)transport::send_packet(line, std::as_bytes(std::span{&what, 1}), {}, {}, deadline::now());
    return true;
  } catch (const error& e) {
    log(log_level::warning, std::string{"the fork server cannot be called: "} + e.what());
    return false;
  }
}

void membership::wait_until_settled() noexcept {
  const auto& settled = table_.settled();
  try {
    for (;;) {
      const std::uint32_t interrupts = memory::interrupt::sample();
      if (settled.load() != 0 || no_servers_to_come()) return;
      (void)memory::park(settled, 0, interrupts, deadline::never());
    }
  } catch (const error& e) {
    log(log_level::error, std::string{"the end of the system is not waited for: "} + e.what());
  }
}

void membership::look_after_tree() noexcept {
  if (memory::owner::is_copy() || servers_live(table_)) return;
  do_without_servers(table_, requests_);
}

bool membership::no_servers_to_come() noexcept {
  if (servers_live(table_)) return false;
  look_after_tree();
  return !servers_live(table_) && (table_.is_dead(table_.first()) || table_.revivals().load() >= most_revivals);
}

bool membership::has_ended(process_id id) noexcept {
  if (table_.has_ended(id)) return true;
  look_after_tree();
  return table_.has_ended(id);
}

bool membership::wait_for_death(process_id id, deadline limit) {
  for (;;) {
    const std::uint32_t interrupts = memory::interrupt::sample();
    const std::uint32_t state = table_.at(id).state.load();
    if (table_.has_ended(id)) {
      // Its kernel parent may not have come to our word yet, and who knows of a death relies on what follows from it.
      memory::interrupt::raise_own();
      return true;
    }
    if (limit.passed()) {
      look_after_tree();
      return table_.has_ended(id);
    }
    memory::park(table_.at(id).state, state, interrupts, limit);
  }
}

end_record membership::end_of(process_id id) const {
  const std::lock_guard guard{collected_lock_};  // a row that is not released stays as it is
  if (const auto known = collected_.find(id); known != collected_.end()) return known->second.how;
  const slot& row = table_.at(id);
  if (table_.holds(id) && row.state.load(std::memory_order_acquire) == dead) return row.end;
  const bool parted = table_.holds(id) && row.parted.load(std::memory_order_acquire) != 0;
  return {.code = parted ? row.parting_code.load(std::memory_order_relaxed) : lost_exit_code};
}

std::string membership::last_words_of(process_id id) const {
  const std::lock_guard guard{collected_lock_};
  if (const auto known = collected_.find(id); known != collected_.end()) return known->second.last_words;
  return table_.holds(id) ? std::string{text_of(table_.at(id).last_words)} : std::string{};
}

void membership::release(process_id id) {
  const std::lock_guard guard{collected_lock_};
  if (collected_.erase(id) == 0) table_.at(id).released.store(1, std::memory_order_release);
}

/// Takes the ends of this process's children out of the table, so that others can have their rows. False if there are
/// none.
bool membership::collect_ended() {
  const std::lock_guard guard{collected_lock_};
  const std::size_t before = collected_.size();
  for (std::uint32_t i = 0; i < table_.used(); ++i) {
    slot& row = table_.at(i);
    if (row.state.load(std::memory_order_acquire) != dead || table_.parent_of(i) != self_) continue;
    if (row.released.load(std::memory_order_relaxed) != 0) continue;
    const process_id id{i, row.generation.load(std::memory_order_relaxed)};
    collected_.emplace(id, ended{row.end, std::string{text_of(row.last_words)}});
    row.released.store(1, std::memory_order_release);
  }
  return collected_.size() > before;
}

std::vector<process_id> membership::children() const {
  std::vector<process_id> found;
  for (std::uint32_t i = 0; i < table_.used(); ++i)
    if (const process_id id = table_.living(i); id && table_.parent_of(i) == self_) found.push_back(id);
  return found;
}

void membership::leave() noexcept {
  if (auto* ending = ending_.load(std::memory_order_relaxed)) ending();
  try {
    end_children();
  } catch (const error&) {
    // Only a broken kernel interface gets here; the servers end what is left.
  }
}

void membership::end_children() {
  std::vector<process_id> mine = children();
  std::erase_if(mine, [&](process_id id) { return table_.at(id).on_parent_death.load() == when_orphaned::go_on; });
  const auto is_daemon = [&](process_id id) { return table_.at(id).daemon.load(std::memory_order_relaxed) != 0; };
  for (const process_id id : mine)
    if (is_daemon(id)) (void)table_.terminate_or_log(id);
  for (const process_id id : mine) {
    if (!is_daemon(id) || end_daemon(id)) (void)wait_for_death(id, deadline::never());
  }
}

bool membership::end_daemon(process_id id) {
  return table_.terminate_or_log(id)
         && (wait_for_death(id, deadline::after(daemon_grace)) || table_.signal_or_log(id, SIGKILL));
}

// -- inboxes ---------------------------------------------------------------------------------------------------------

transport::byte_queue& membership::open_inbox() {
  const std::lock_guard guard{inboxes_lock_};
  if (!own_inbox_) {
    if (table_.largest_message() == 0)
      throw error{errc::unsupported,
                  "actors need a larger limit on the size of files than the first process of this tree"
                  " has (RLIMIT_FSIZE, ulimit -f); 400 MB are enough, of which next to nothing is used"};
    own_inbox_ = transport::byte_queue::create_in(table_.map_inbox(self_.slot), inbox_limits(table_.largest_message()));
    table_.at(self_).inbox.store(self_.generation, std::memory_order_release);
  }
  return own_inbox_;
}

transport::byte_queue membership::inbox_of(process_id id) {
  if (table_.has_ended(id)) throw error{errc::process_died, describe_death(id)};
  const std::lock_guard guard{inboxes_lock_};
  auto& known = inboxes_[id];
  if (!known) {
    if (table_.at(id).inbox.load(std::memory_order_acquire) != id.generation)
      throw error{errc::no_system, table_.describe(id) + " hosts no actors"};
    std::erase_if(inboxes_, [&](const auto& entry) { return entry.first != id && table_.has_ended(entry.first); });
    known = transport::byte_queue::attach_to(table_.map_inbox(id.slot), 0);
  }
  return known;
}

// -- member.hpp ------------------------------------------------------------------------------------------------------

process_id self() { return membership::current().self(); }
bool has_system() noexcept { return membership::current_or_null() != nullptr; }
bool has_ended(process_id id) { return membership::current().table().has_ended(id); }
std::string describe(process_id id) { return membership::current().table().describe(id); }

std::string describe_death(process_id id) {
  const membership& here = membership::current();
  if (!here.table().holds(id)) return here.table().describe(id);
  return here.table().describe(id) + " " + describe_exit(here.end_of(id).code);
}

void at_leave(void (*ending)() noexcept) noexcept {
  if (auto* here = membership::current_or_null()) here->at_leave(ending);
}

transport::byte_queue& open_inbox() { return membership::current().open_inbox(); }
transport::byte_queue inbox_of(process_id id) { return membership::current().inbox_of(id); }
void tell_undelivered(process_id asker) noexcept {
  const auto* here = membership::current_or_null();
  if (here != nullptr && here->table().holds(asker)) here->table().set_undelivered(here->self(), asker);
}

bool take_undelivered(process_id partner) {
  const auto& here = membership::current();
  return here.table().holds(partner) && here.table().take_undelivered(partner.slot, here.self().slot);
}

}  // namespace troupe::tree
