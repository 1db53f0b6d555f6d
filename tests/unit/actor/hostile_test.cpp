// Bytes that lie, put into an inbox by hand. Whatever they say, the process goes on, and its actors with it.
#include "support/accounts.hpp"
#include "support/catch.hpp"
#include "troupe/actor/packet.hpp"
#include "troupe/process/member.hpp"
#include "troupe/transport/byte_queue.hpp"
#include "troupe/wire/message.hpp"

#include <array>
#include <random>
#include <vector>

using namespace bank;
using troupe::errc;
using troupe::process_id;
using troupe::this_system;
using troupe::actors::packet_header;
using troupe::test::contains;

namespace {

void throw_into(process_id inbox, std::span<const std::byte> first, std::span<const std::byte> second = {}) {
  const std::array<std::span<const std::byte>, 2> parts{first, second};
  REQUIRE(troupe::tree::inbox_of(inbox).put(parts, troupe::deadline::never()));
}

void throw_into(process_id inbox, const packet_header& header, std::span<const std::byte> content = {}) {
  throw_into(inbox, std::as_bytes(std::span{&header, 1}), content);
}

packet_header tell_to(const troupe::ref<account_api>& account) {
  packet_header header;
  header.to = account.address().process;
  header.actor = account.address().actor;
  header.protocol = troupe::actors::fingerprint_of<account_api>();
  header.from = troupe::tree::self();
  return header;
}

}  // namespace

TEST_CASE("packets that are no packets are dropped", "[hostile]") {
  const auto node = this_system().start_node();
  const auto account = node.spawn<bank::account>(3L);
  const process_id victim = account.address().process;
  throw_into(victim, std::span<const std::byte>{});
  throw_into(victim, std::array<std::byte, sizeof(packet_header) - 1>{});
  packet_header unknown = tell_to(account);
  unknown.what = static_cast<packet_header::kind>(77);
  throw_into(victim, unknown);
  CHECK(account.ask(balance{}).get() == 3);
}

TEST_CASE("a packet for the process that had the inbox before is not for the one that has it now", "[hostile]") {
  const auto node = this_system().start_node();
  const auto account = node.spawn<bank::account>(3L);
  auto header = tell_to(account);
  --header.to.generation;
  throw_into(account.address().process, header, troupe::wire::encode(deposit{100}).span());
  CHECK(account.ask(balance{}).get() == 3);
}

TEST_CASE("messages that lie about actor, index, protocol or content cost nobody anything", "[hostile]") {
  const auto node = this_system().start_node();
  const auto account = node.spawn<bank::account>(3L);
  const process_id victim = account.address().process;
  for (const auto what : {packet_header::kind::tell, packet_header::kind::ask}) {
    auto header = tell_to(account);
    header.what = what;
    header.correlation = 12345;
    for (const process_id from : {troupe::tree::self(), process_id{}, process_id{4'000'000'000U, 1}, victim}) {
      header.from = from;
      throw_into(victim, header);  // a deposit without its amount
      auto other = header;
      other.index = 99;
      throw_into(victim, other);
      other = header;
      other.protocol = 1;
      throw_into(victim, other);
      other = header;
      other.actor = 999'999;
      throw_into(victim, other);
    }
  }
  CHECK(account.ask(balance{}).get() == 3);
}

TEST_CASE("answers, refusals and news that nobody waits for are dropped", "[hostile]") {
  const auto account = this_system().spawn<bank::account>(3L);
  const process_id self = account.address().process;
  for (const auto what : {packet_header::kind::answer, packet_header::kind::refusal, packet_header::kind::end,
                          packet_header::kind::watch}) {
    auto header = tell_to(account);
    header.what = what;
    header.correlation = 1ULL << 60U;
    header.from_actor = 17;
    header.from = process_id{900, 1};
    throw_into(self, header);
  }
  CHECK(account.ask(balance{}).get() == 3);
}

TEST_CASE("random packets leave a node alive", "[hostile]") {
  const auto node = this_system().start_node();
  const auto account = node.spawn<bank::account>(3L);
  const process_id victim = account.address().process;
  std::mt19937 generator{42};
  const auto random = [&](std::uint32_t below) { return static_cast<std::uint32_t>(generator() % below); };
  std::vector<std::byte> content;
  for (int i = 0; i < 2000; ++i) {
    auto header = tell_to(account);
    header.what = static_cast<packet_header::kind>(random(7));
    header.index = random(5);
    header.actor = random(4);
    header.correlation = (1ULL << 40U) + random(50);  // no ask that is really under way
    header.from = process_id{random(3) == 0 ? victim.slot : random(5000), random(3)};
    header.from_actor = random(4);
    if (random(2) == 0) header.protocol = random(1000);
    content.resize(random(64));
    for (auto& byte : content) byte = static_cast<std::byte>(random(256));
    // Well-formed orders of the protocol are no lies: the actor would stop, or fall, as it was told.
    const bool may_be_obeyed = header.index == 3 || (header.what == packet_header::kind::tell && header.index == 2);
    if (!may_be_obeyed) throw_into(victim, header, content);
  }
  CHECK_NOTHROW(account.ask(balance{}).get());
}

TEST_CASE("a ref of another protocol is refused when it arrives", "[hostile]") {
  const auto account = this_system().spawn<bank::account>();
  const auto bytes = troupe::wire::encode(account);
  CHECK(troupe::wire::decode<troupe::ref<account_api>>(bytes.span()) == account);
  CHECK(code_of([&] { (void)troupe::wire::decode<troupe::ref<watcher_api>>(bytes.span()); }) == errc::type_mismatch);
}
