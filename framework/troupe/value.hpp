#pragma once

#include "troupe/transport/value.hpp"
