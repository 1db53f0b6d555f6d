#pragma once

#include "troupe/base/log.hpp"
