#include "troupe/actor/any_ref.hpp"

#include "troupe/actor/node_core.hpp"
#include "troupe/actor/packet.hpp"
#include "troupe/actor/post_office.hpp"
#include "troupe/process/member.hpp"

namespace troupe::actors {

namespace {

packet_header header_of(packet_header::kind what, const actor_address& to, std::uint32_t index,
                        std::uint64_t protocol) {
  packet_header header;
  header.what = what;
  header.index = index;
  header.protocol = protocol;
  header.actor = to.actor;
  return header;
}

runtime::failure full_mailbox(const actor_address& whose) {
  return {errc::mailbox_full, "the mailbox of " + describe(whose) + " is full", {}, {}};
}

}  // namespace

any_ref any_ref::at(actor_address address) {
  if (!address || address.process != tree::self()) return {address, {}};
  const node_core* here = node_core::current_or_null();
  return {address, here == nullptr ? runtime::cell{} : here->find(address.actor)};
}

bool any_ref::is_here() const {
  if (mailbox_) return true;
  if (!address_) throw error{errc::invalid_argument, "this ref is empty: it names no actor"};
  return address_.process == tree::self();
}

bool any_ref::tell_here(std::uint32_t index, runtime::body message, when_full policy) const {
  runtime::envelope mail;
  mail.index = index;
  mail.content = std::move(message);
  switch (mailbox_.post(mail)) {
  case runtime::posted::yes: return true;
  case runtime::posted::gone: throw error{errc::actor_gone, describe(address_) + " has stopped"};
  case runtime::posted::full: break;
  }
  if (policy == when_full::complain) full_mailbox(address_).raise();
  return false;
}

bool any_ref::tell_there(std::uint32_t index, std::uint64_t protocol, const wire::buffer& message,
                         when_full policy) const {
  const auto header = header_of(packet_header::kind::tell, address_, index, protocol);
  const auto patience = policy == when_full::fail ? deadline::now() : deadline::after(node_core::limits().inbox_wait);
  if (send_packet(address_.process, header, message.span(), patience)) return true;
  if (policy == when_full::complain)
    throw error{errc::mailbox_full, "the inbox of " + tree::describe(address_.process) + " has no room"};
  return false;
}

any_answer any_ref::ask_here(std::uint32_t index, runtime::body message, deadline limit) const {
  auto pending = std::make_shared<pending_answer>(address_);
  runtime::envelope mail;
  mail.what = runtime::kind::ask;
  mail.index = index;
  mail.content = std::move(message);
  mail.reply = runtime::reply_duty{pending};
  switch (mailbox_.post(mail)) {
  case runtime::posted::yes: break;
  case runtime::posted::gone: mail.reply.fail({errc::actor_gone, describe(address_) + " has stopped", {}, {}}); break;
  case runtime::posted::full: mail.reply.fail(full_mailbox(address_)); break;
  }
  return {std::move(pending), limit};
}

any_answer any_ref::ask_there(std::uint32_t index, std::uint64_t protocol, const wire::buffer& message,
                              deadline limit) const {
  const auto header = header_of(packet_header::kind::ask, address_, index, protocol);
  return node_core::current().ask(address_, header, message.span(), limit);
}

void any_ref::check_protocol(std::uint64_t arrived, std::uint64_t wanted, std::string (*expected)()) {
  if (arrived == wanted) return;
  throw error{errc::type_mismatch, "a ref of another protocol arrived where a ref of " + expected() + " is expected"};
}

}  // namespace troupe::actors
