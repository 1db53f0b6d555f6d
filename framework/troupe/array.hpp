#pragma once

#include "troupe/transport/array.hpp"
