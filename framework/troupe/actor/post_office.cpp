#include "troupe/actor/post_office.hpp"

#include "troupe/base/error.hpp"
#include "troupe/process/member.hpp"
#include "troupe/transport/byte_queue.hpp"

#include <array>

namespace troupe::actors {

namespace {

void throw_if_dead(process_id partner) {
  if (tree::has_ended(partner)) throw error{errc::process_died, tree::describe_death(partner)};
}

}  // namespace

bool send_packet(process_id to, packet_header header, std::span<const std::byte> content, deadline limit) {
  header.to = to;
  auto inbox = tree::inbox_of(to);
  const std::array<std::span<const std::byte>, 2> parts{std::as_bytes(std::span{&header, 1}), content};
  const auto nobody_will_make_room = [to] { throw_if_dead(to); };
  try {
    return inbox.put(parts, limit, nobody_will_make_room);
  } catch (const error& e) {
    if (e.code() != errc::closed) throw;
    throw_if_dead(to);
    throw error{errc::closed, tree::describe(to) + " is ending and takes no more messages"};
  }
}

}  // namespace troupe::actors
