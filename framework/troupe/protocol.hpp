#pragma once

#include "troupe/actor/protocol.hpp"
