#include "verify.hpp"

namespace word_index {

index index_sequentially(const walk_result& found) {
  index all{found.problems};
  for (const file& one : found.files) merge(all, count(parse(one)));
  all.normalise();
  return all;
}

}  // namespace word_index
