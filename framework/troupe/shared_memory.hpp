#pragma once

#include "troupe/transport/shared_memory.hpp"
