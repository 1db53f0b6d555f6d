#pragma once

#include "troupe/transport/queue.hpp"
