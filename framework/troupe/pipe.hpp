#pragma once

#include "troupe/transport/pipe.hpp"
