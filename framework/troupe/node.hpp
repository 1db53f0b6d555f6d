#pragma once

#include "troupe/actor/node.hpp"
