#pragma once

#include "../trial.hpp"

/// Each family of contestants enters what it can do; one that is not installed says so instead. The order of the calls
/// is the order of the rows.
namespace bench {

void add_troupe_pipe(catalogue& all);
void add_troupe_queue(catalogue& all);
void add_memcpy(catalogue& all);
void add_flag(catalogue& all);
void add_byte_ring(catalogue& all);
void add_slot_queue(catalogue& all);
void add_kernel(catalogue& all);
void add_zeromq(catalogue& all);
void add_nng(catalogue& all);
void add_boost(catalogue& all);
void add_cpython(catalogue& all);

inline void add_everybody(catalogue& all) {
  add_flag(all);
  add_memcpy(all);
  add_byte_ring(all);
  add_slot_queue(all);
  add_troupe_pipe(all);
  add_troupe_queue(all);
  add_kernel(all);
  add_boost(all);
  add_zeromq(all);
  add_nng(all);
  add_cpython(all);
}

}  // namespace bench
