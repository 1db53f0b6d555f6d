#include "troupe/actor/remote_asker.hpp"

#include "troupe/actor/node_core.hpp"
#include "troupe/wire/message.hpp"

namespace troupe::actors {

void remote_asker::succeed(runtime::body value) noexcept {
  packet_header header;
  header.what = packet_header::kind::answer;
  header.correlation = correlation_;
  header.from = home_.self();
  home_.send_soon(to_, header, value ? std::move(value.as<wire::buffer>()) : wire::buffer{});
}

void remote_asker::fail(runtime::failure why) noexcept {
  packet_header header;
  header.what = packet_header::kind::refusal;
  header.correlation = correlation_;
  header.from = home_.self();
  home_.send_soon(to_, header, wire::encode(why));
}

}  // namespace troupe::actors
