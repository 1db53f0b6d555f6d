#pragma once

#include "troupe/actor/down.hpp"
