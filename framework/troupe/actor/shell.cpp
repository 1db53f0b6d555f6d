#include "troupe/actor/shell.hpp"

#include "troupe/actor/node_core.hpp"
#include "troupe/base/log.hpp"
#include "troupe/memory/owner.hpp"

#include <cstdlib>
#include <cxxabi.h>

namespace troupe::actors {

std::string readable(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                         &std::free};
  return status == 0 ? text.get() : type.name();
}

shell::shell(node_core& home, std::unique_ptr<actor_base> object, const dispatch_table& table) noexcept
    : home_{home}
    , object_{std::move(object)}
    , table_{table} {
  object_->shell_ = this;
}

std::string shell::name() const { return readable(*table_.type) + " (" + describe(address_) + ")"; }

any_ref shell::self() const { return any_ref::at(address_); }

void shell::watch(const any_ref& whom) {
  if (table_.on_down == nullptr)
    throw error{errc::invalid_argument, name() + " watches another actor, but has no handler on(const troupe::down&)"};
  if (!watched_) watched_ = std::make_unique<std::set<actor_address>>();
  const auto [entry, is_new] = watched_->insert(whom.address());
  if (!is_new) return;
  try {
    home_.watch({whom.address(), address_});
  } catch (...) {
    watched_->erase(entry);
    throw;
  }
}

runtime::verdict shell::goes_on() const noexcept {
  return stopping_ ? runtime::verdict::stop : runtime::verdict::go_on;
}

// -- the three calls of the engine -----------------------------------------------------------------------------------

runtime::verdict shell::started(const runtime::cell& self) noexcept {
  address_ = {home_.self(), self.id()};
  try {
    object_->started();
  } catch (...) {
    fall("started()");
  }
  return goes_on();
}

runtime::verdict shell::receive(runtime::envelope& mail) noexcept {
  if (mail.what == runtime::kind::down) {
    if (table_.on_down == nullptr) return goes_on();  // it never watched: another process lied
    try {
      table_.on_down(*object_, mail.content.as<down>());
    } catch (...) {
      fall("on(const troupe::down&)");
    }
  } else if (accept(mail)) {
    handle(mail);
  }
  return goes_on();
}

void shell::stopped() noexcept {
  if (address_) {
    try {
      object_->stopped();
    } catch (...) {
      fall("stopped()");
    }
  }
  object_.reset();  // before anybody is told: what it held is free by then
  if (address_) home_.actor_ended(address_, reason_);
}

// -- messages of the protocol ----------------------------------------------------------------------------------------

// Whether the message is one of ours; what came from another process is checked and decoded. Its lies cost the sender
// an error, never the actor its life.
bool shell::accept(runtime::envelope& mail) noexcept {
  if (!mail.content.is_encoded()) return true;
  runtime::failure why;
  try {
    const auto header = mail.content.as<packet>().header();
    if (header->protocol == table_.protocol() && mail.index < table_.handlers.size()) {
      table_.handlers[mail.index].decode(mail.content);
      return true;
    }
    why = {errc::type_mismatch, "a message for " + name() + " is of another protocol than the actor's", {}, {}};
  } catch (...) {
    why = {errc::malformed, "a message for " + name() + " cannot be decoded: " + current_exception_text(), {}, {}};
  }
  if (mail.reply)
    mail.reply.fail(std::move(why));
  else
    home_.dropped().add(why.text);
  return false;
}

void shell::handle(runtime::envelope& mail) noexcept {
  try {
    table_.handlers[mail.index].run(*object_, mail);
  } catch (runtime::failure& why) {  // the guardian's: another's failure, not its own
    if (mail.what == runtime::kind::ask) mail.reply.fail(std::move(why));
  } catch (...) {
    if (memory::owner::is_copy()) return;  // the handler forked: the engine ends the copy
    if (mail.what == runtime::kind::ask)
      mail.reply.fail(runtime::failure::of_current_exception(name()));
    else
      fall("a handler");
  }
}

// To be called while the exception that ends the actor is being handled.
void shell::fall(const char* where) noexcept {
  stopping_ = true;
  if (memory::owner::is_copy()) return;  // a copy that fork() made has nobody to tell
  reason_ = runtime::failure::of_current_exception(name());
  log(log_level::error, reason_.origin + " stops: " + where + " threw " + reason_.type + ": " + reason_.text);
}

// -- what an actor can do --------------------------------------------------------------------------------------------

void actor_base::stop() noexcept {
  if (shell_ != nullptr) shell_->request_stop();
}

any_ref actor_base::self_ref() const {
  if (shell_ == nullptr) throw error{errc::not_started, "self() in an actor's constructor: override started() instead"};
  return shell_->self();
}

void actor_base::watch_ref(const any_ref& whom) {
  if (shell_ == nullptr)
    throw error{errc::not_started, "watch() in an actor's constructor: override started() instead"};
  if (!whom.address()) throw error{errc::invalid_argument, "an empty ref cannot be watched"};
  shell_->watch(whom);
}

}  // namespace troupe::actors
