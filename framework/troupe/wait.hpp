#pragma once

#include "troupe/transport/waitable.hpp"
