#pragma once

#include "index.hpp"
#include "walk.hpp"

namespace word_index {

/// The same index computed the plain way: one file after another, in this process. Normalised.
[[nodiscard]] index index_sequentially(const walk_result& found);

}  // namespace word_index
