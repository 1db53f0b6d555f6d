#include "troupe/process/revival.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/log.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/process/program_image.hpp"
#include "troupe/process/reaper.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <string>

namespace troupe::tree {

namespace {

void bury_the_dead(const process_table& table) {
  for (std::uint32_t i = 0; i < table.used(); ++i) {
    const process_id ending_one{i, table.at(i).generation.load()};
    if (table.at(i).state.load() == ending) {
      table.bury(ending_one);
      end_children_of(table, ending_one);
    }
    const process_id id = table.living(i);
    // Who is about to be born is for the next fork server to decide about.
    if (!id || table.at(i).pid.load(std::memory_order_acquire) <= 0 || table.life_is_held(i)) continue;
    table.bury_unheard(id);
    end_children_of(table, id);
  }
}

void start_servers(const process_table& table, const request_channel& requests, const unique_fd& lock) {
  if (table.revivals().fetch_add(1) >= most_revivals) return;
  log(log_level::warning, "the fork server and its keeper were both killed; they are started anew");
  image_order{.what = image_order::role::servers,
              .fds = {table.fd(), lock.get(), requests.in.get(), requests.out.get()}}
      .launch();
}

}  // namespace

bool servers_live(const process_table& table) noexcept { return table.life_is_held(life_lock::of_servers); }

void do_without_servers(const process_table& table, const request_channel& requests) noexcept {
  try {
    const unique_fd lock = life_lock::try_hold(table.fd(), life_lock::of_servers);
    if (!lock) return;
    bury_the_dead(table);
    if (!table.is_dead(table.first())) return start_servers(table, requests, lock);
    transport::drain_packets(requests.in.get());  // what waits there may be all that keeps a lifeline
  } catch (const std::exception& e) {
    log(log_level::error, std::string{"the fork server and its keeper cannot be started anew: "} + e.what());
  }
}

}  // namespace troupe::tree
