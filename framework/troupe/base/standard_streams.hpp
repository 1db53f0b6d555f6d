#pragma once

namespace troupe {

/// Writes out what is pending in cout, cerr, clog, their wide counterparts, and every open FILE for output. For where
/// processes part: before a fork, or both would write it; before _exit or exec, or nobody would. What cannot be written
/// is given up; the program's other streams are left alone.
void flush_standard_streams() noexcept;

}  // namespace troupe
