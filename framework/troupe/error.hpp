#pragma once

#include "troupe/base/error.hpp"
