#include "troupe/actor/errand.hpp"

#include "troupe/actor/node_core.hpp"

#include <utility>

namespace troupe::actors {

errand::errand(node_core& home, process_id to, const packet_header& header, wire::buffer content) noexcept
    : home_{home}
    , to_{to}
    , header_{header}
    , content_{std::move(content)} {}

runtime::verdict errand::started(const runtime::cell&) noexcept {
  home_.send_soon(to_, header_, std::move(content_));
  return runtime::verdict::stop;
}

}  // namespace troupe::actors
