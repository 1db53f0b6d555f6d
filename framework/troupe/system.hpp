#pragma once

#include "troupe/actor/system.hpp"
