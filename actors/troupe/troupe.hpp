#pragma once

// All of troupe.
#include "troupe/actor/system.hpp"
#include "troupe/array.hpp"
#include "troupe/error.hpp"
#include "troupe/log.hpp"
#include "troupe/pipe.hpp"
#include "troupe/pipeline.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/shareable_list.hpp"
#include "troupe/shared_fd.hpp"
#include "troupe/shared_memory.hpp"
#include "troupe/value.hpp"
#include "troupe/wait.hpp"
#include "troupe/wire/any_value.hpp"
