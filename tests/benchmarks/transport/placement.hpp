#pragma once

#include <string>

namespace bench {

/// Which cores the participants run on: senders (side 0) on one, receivers (side 1) on the other.
enum class placement : unsigned char { one_core, two_cores, free };

/// Binds the calling process, and the threads it will start, to the core of its side; `free` leaves the kernel the
/// choice. The cores are the first two that this process may use. Throws std::system_error.
void pin(placement where, int side);

/// How many cores this process may use.
[[nodiscard]] int usable_cores();

/// As on the command line: "one-core", "two-cores", "free".
[[nodiscard]] std::string name_of(placement where);

/// The numbers of the cores for both sides, as "0,1"; empty if free. For a child of another language.
[[nodiscard]] std::string core_list(placement where);

}  // namespace bench
