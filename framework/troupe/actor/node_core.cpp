#include "troupe/actor/node_core.hpp"

#include "troupe/actor/errand.hpp"
#include "troupe/actor/post_office.hpp"
#include "troupe/actor/receiver.hpp"
#include "troupe/actor/remote_asker.hpp"
#include "troupe/actor/shell.hpp"
#include "troupe/base/log.hpp"
#include "troupe/memory/owner.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/process/member.hpp"

#include <atomic>
#include <mutex>
#include <set>

namespace troupe::actors {

// -- the one of this process -----------------------------------------------------------------------------------------

namespace {

std::mutex making;                         // of the one
core_limits limits_of_the_one;             // guarded by making
std::atomic<node_core*> the_one{nullptr};  // released once it is complete

runtime::failure failure_of(const error& e) {
  const bool ours = e.code().category() == troupe_category();
  return {ours ? static_cast<errc>(e.code().value()) : errc::unsupported, e.what(), {}, {}};
}

runtime::failure ending() { return {errc::closed, "this process's actor system is ending", {}, {}}; }

}  // namespace

void node_core::configure(const core_limits& limits) {
  const std::lock_guard lock{making};
  limits_of_the_one = limits;
}

core_limits node_core::limits() {
  if (const node_core* here = current_or_null()) return here->limits_;
  const std::lock_guard lock{making};
  return limits_of_the_one;
}

node_core* node_core::current_or_null() noexcept {
  return memory::owner::is_copy() ? nullptr : the_one.load(std::memory_order_acquire);
}

node_core& node_core::current() {
  if (node_core* here = current_or_null()) return *here;
  const std::lock_guard lock{making};
  if (current_or_null() == nullptr) {
    the_one.store(new node_core{limits_of_the_one}, std::memory_order_release);
    tree::at_leave(&node_core::shut_down);
  }
  return *current_or_null();
}

void node_core::shut_down() noexcept {
  if (memory::owner::is_copy()) return;  // its threads do not exist here, and what others wait for comes from there
  const std::lock_guard lock{making};
  node_core* here = current_or_null();
  if (here == nullptr) return;
  here->ending_.store(true, std::memory_order_seq_cst);
  for (const auto& asker : here->pending_.close()) asker->fail(ending());
  here->engine_.shut_down();  // before it is hidden: stopping actors still use it
  the_one.store(nullptr, std::memory_order_release);
  delete here;
}

node_core::node_core(const core_limits& limits)
    : limits_{limits}
    , self_{tree::self()}
    , engine_{limits.threads}
    , receiver_{std::make_unique<receiver>(*this, tree::open_inbox())} {}

node_core::~node_core() = default;

any_ref node_core::spawn(std::unique_ptr<actor_base> object, const dispatch_table& table) {
  const std::size_t mailbox = object->mailbox();
  auto inside = std::make_unique<shell>(*this, std::move(object), table);
  runtime::cell started = engine_.spawn(std::move(inside), mailbox == 0 ? limits_.mailbox : mailbox);
  const actor_address address{self_, started.id()};
  return any_ref{address, std::move(started)};
}

// -- sending ---------------------------------------------------------------------------------------------------------

bool node_core::send(process_id to, const packet_header& header, std::span<const std::byte> content) const {
  return send_packet(to, header, content, deadline::after(limits_.inbox_wait));
}

void node_core::send_soon(process_id to, const packet_header& header, wire::buffer content) noexcept {
  if (memory::owner::is_copy()) return;
  try {
    if (!receiver::is_this_thread()) {
      if (send(to, header, content.span())) return;
      log(log_level::warning,
          "an answer to " + tree::describe(to) + " is dropped: its inbox has been full for too long");
      tree::tell_undelivered(to);
    } else if (!send_packet(to, header, content.span(), deadline::now())) {
      engine_.spawn(std::make_unique<errand>(*this, to, header, std::move(content)), 1);
    }
  } catch (const error& e) {
    if (e.code() == errc::process_died || e.code() == errc::closed) return;  // it does not wait for it any more
    log(log_level::warning, "an answer to another process is dropped: " + std::string{e.what()});
    if (header.what != packet_header::kind::answer) return tree::tell_undelivered(to);
    packet_header instead = header;
    instead.what = packet_header::kind::refusal;
    send_soon(to, instead, wire::encode(runtime::failure{errc::message_too_large, e.what(), {}, {}}));
  } catch (const std::exception& e) {
    log(log_level::warning, "an answer to another process is dropped: " + std::string{e.what()});
    tree::tell_undelivered(to);
  }
}

any_answer node_core::ask(const actor_address& whom, packet_header header, std::span<const std::byte> content,
                          deadline limit) {
  const auto pending = expect_answer(whom);
  any_answer result{pending, limit};
  if (pending->correlation == 0) return result;
  header.correlation = pending->correlation;
  header.from = self_;
  runtime::failure why;
  try {
    if (send_packet(whom.process, header, content, limit.earlier(deadline::after(limits_.inbox_wait)))) {
      look_for_deaths(whom.process);
      return result;
    }
    why = {errc::mailbox_full, "the inbox of " + tree::describe(whom.process) + " has no room", {}, {}};
  } catch (const error& e) {
    why = failure_of(e);
  }
  if (const auto still = pending_.take(pending->correlation)) still->fail(std::move(why));
  return result;
}

std::shared_ptr<pending_answer> node_core::expect_answer(const actor_address& whom) {
  auto pending = std::make_shared<pending_answer>(whom);
  pending->correlation = pending_.add(pending, whom.process);
  if (pending->correlation == 0) pending->fail(ending());
  return pending;
}

void node_core::depend(std::uint64_t correlation, process_id partner) {
  pending_.depend(correlation, partner);
  look_for_deaths(partner);
}

void node_core::forget(std::uint64_t correlation) noexcept { static_cast<void>(pending_.take(correlation)); }

// The death may have been looked for before somebody here began to depend on the process.
void node_core::look_for_deaths(process_id partner) noexcept {
  if (tree::has_ended(partner)) memory::interrupt::raise_own();
}

// -- watching --------------------------------------------------------------------------------------------------------

void node_core::watch(const watch_list::pair& watch) {
  if (!watches_.add(watch)) return;
  down news{watch.watched, errc::actor_gone, describe(watch.watched) + " had stopped before it was watched"};
  if (watch.watched.process == self_) {
    // Added first, looked for second; an ending actor leaves the roster first, and takes its watchers second.
    if (find(watch.watched.actor) || !watches_.take(watch)) return;
    return tell_down(watch.watcher, news);
  }
  packet_header header;
  header.what = packet_header::kind::watch;
  header.actor = watch.watched.actor;
  header.from = self_;
  header.from_actor = watch.watcher.actor;
  try {
    if (send(watch.watched.process, header, {})) return look_for_deaths(watch.watched.process);
    news = {watch.watched, errc::mailbox_full,
            "the inbox of " + tree::describe(watch.watched.process) + " has no room"};
  } catch (const error& e) {
    news = {watch.watched, e.code() == errc::closed ? errc::actor_gone : failure_of(e).code, e.what()};
  }
  if (watches_.take(watch)) tell_down(watch.watcher, news);
}

void node_core::tell_down(const actor_address& watcher, const down& news) noexcept {
  runtime::envelope mail;
  mail.what = runtime::kind::down;
  mail.content = runtime::body::of<down>(news);
  static_cast<void>(find(watcher.actor).post(mail));  // a watcher that is gone needs no news
}

void node_core::actor_ended(const actor_address& who, const runtime::failure& why) noexcept {
  watches_.forget_watcher(who);
  const auto watchers = watches_.take_watchers_of(who);
  if (watchers.empty()) return;
  const bool threw = why.code == errc::remote_exception;
  const down news{who, why.code,
                  threw ? why.origin + " threw " + why.type + ": " + why.text : describe(who) + " stopped"};
  packet_header header;
  header.what = packet_header::kind::end;
  header.from = self_;
  header.from_actor = who.actor;
  for (const actor_address& watcher : watchers) {
    header.actor = watcher.actor;
    if (watcher.process != self_)
      send_soon(watcher.process, header, wire::encode(news));
    else if (!ending_.load(std::memory_order_seq_cst))
      tell_down(watcher, news);
  }
}

// -- what arrives ----------------------------------------------------------------------------------------------------

void node_core::deliver(packet arrived) noexcept {
  const auto header = arrived.header();
  if (!header) return dropped_.add("a packet from another process is too short to be one");
  if (header->to != self_) return;  // for a process that died, and whose place in the table this one has now
  try {
    switch (header->what) {
    case packet_header::kind::tell:
    case packet_header::kind::ask: return deliver_message(*header, std::move(arrived));
    case packet_header::kind::answer:
    case packet_header::kind::refusal: return deliver_outcome(*header, std::move(arrived));
    case packet_header::kind::watch: return deliver_watch(*header);
    case packet_header::kind::end: return deliver_end(*header, arrived);
    }
    dropped_.add("a packet from another process is of no known kind");
  } catch (const std::exception& e) {
    dropped_.add(std::string{"a packet from another process cannot be used: "} + e.what());
  }
}

void node_core::deliver_message(const packet_header& header, packet arrived) {
  runtime::envelope mail;
  mail.index = header.index;
  mail.content = runtime::body::encoded(std::move(arrived));
  if (header.what == packet_header::kind::ask) {
    mail.what = runtime::kind::ask;
    mail.reply = runtime::reply_duty{std::make_shared<remote_asker>(*this, header.from, header.correlation)};
  }
  const auto outcome = find(header.actor).post(mail);
  if (outcome == runtime::posted::yes) return;
  const std::string who = describe({self_, header.actor});
  runtime::failure why{errc::actor_gone, who + " has stopped", {}, {}};
  if (outcome == runtime::posted::full) why = {errc::mailbox_full, "the mailbox of " + who + " is full", {}, {}};
  if (mail.reply)
    mail.reply.fail(std::move(why));
  else
    dropped_.add("a message from another process is dropped: " + why.text);
}

void node_core::deliver_outcome(const packet_header& header, packet arrived) {
  const auto asker = pending_.take(header.correlation);
  if (!asker) return;  // its asker stopped waiting
  if (header.what == packet_header::kind::answer) return asker->succeed(runtime::body::encoded(std::move(arrived)));
  try {
    asker->fail(wire::decode<runtime::failure>(arrived.content()));
  } catch (const error& e) {
    asker->fail({errc::malformed, std::string{"the reason why an ask failed cannot be decoded: "} + e.what(), {}, {}});
  }
}

void node_core::deliver_watch(const packet_header& header) {
  const watch_list::pair watch{{self_, header.actor}, {header.from, header.from_actor}};
  if (tree::has_ended(header.from)) return;
  down news{watch.watched, errc::actor_gone, describe(watch.watched) + " had stopped before it was watched"};
  try {
    watches_.add(watch);
    look_for_deaths(header.from);
    if (find(header.actor) || !watches_.take(watch)) return;
  } catch (const error& e) {
    news = {watch.watched, failure_of(e).code, tree::describe(self_) + ": " + e.what()};
  }
  packet_header back;
  back.what = packet_header::kind::end;
  back.actor = header.from_actor;
  back.from = self_;
  back.from_actor = header.actor;
  send_soon(header.from, back, wire::encode(news));
}

void node_core::deliver_end(const packet_header& header, const packet& arrived) {
  const watch_list::pair watch{{header.from, header.from_actor}, {self_, header.actor}};
  if (!watches_.take(watch)) return;
  down news{watch.watched, errc::actor_gone, describe(watch.watched) + " stopped"};
  try {
    news = wire::decode<down>(arrived.content());
    news.who = watch.watched;
  } catch (const error&) {  // that it ended is known all the same
  }
  tell_down(watch.watcher, news);
}

// -- deaths ----------------------------------------------------------------------------------------------------------

void node_core::fail_undelivered() noexcept {
  std::set<process_id> partners;
  pending_.collect_partners(partners);
  for (const process_id partner : partners) {
    if (!partner || partner == self_ || !tree::take_undelivered(partner)) continue;
    for (const auto& asker : pending_.take_all_of(partner))
      asker->fail({errc::out_of_memory,
                   tree::describe(partner)
                       + " could not deliver its answer: it has no address space for the inbox of this"
                         " process (RLIMIT_AS, ulimit -v), or found it full for too long",
                   {},
                   {}});
  }
}

std::vector<process_id> node_core::dead_partners() const {
  std::set<process_id> partners;
  pending_.collect_partners(partners);
  watches_.collect_partners(partners);
  partners.erase(self_);
  partners.erase(process_id{});
  std::vector<process_id> dead;
  for (const process_id partner : partners)
    if (tree::has_ended(partner)) dead.push_back(partner);
  return dead;
}

void node_core::bury(process_id partner) noexcept {
  const std::string obituary = tree::describe_death(partner);
  for (const auto& asker : pending_.take_all_of(partner))
    asker->fail({errc::process_died, obituary + " before it answered", {}, {}});
  for (const auto& watch : watches_.take_all_of(partner))
    tell_down(watch.watcher, {watch.watched, errc::process_died, obituary});
}

}  // namespace troupe::actors
