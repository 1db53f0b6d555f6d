#pragma once

#include "troupe/transport/joinable_queue.hpp"
#include "troupe/transport/queue.hpp"
#include "troupe/transport/simple_queue.hpp"
