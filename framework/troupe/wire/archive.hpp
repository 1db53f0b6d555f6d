#pragma once

// The two archives and the codecs of all types they know. Include this one, not its parts: a codec that is not seen
// would be replaced by a more general one.
#include "troupe/wire/codec_associative.hpp"
#include "troupe/wire/codec_basic.hpp"
#include "troupe/wire/codec_boost.hpp"
#include "troupe/wire/codec_pointer.hpp"
#include "troupe/wire/codec_sequence.hpp"
#include "troupe/wire/codec_vocabulary.hpp"
#include "troupe/wire/helper_set.hpp"
#include "troupe/wire/load_archive.hpp"
#include "troupe/wire/save_archive.hpp"

namespace troupe::wire {

template <class Helper>
Helper& save_archive::get_helper(void* id) {
  return helpers().template get<Helper>(id);
}
template <class Helper>
Helper& load_archive::get_helper(void* id) {
  return helpers().template get<Helper>(id);
}

}  // namespace troupe::wire
