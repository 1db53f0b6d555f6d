#pragma once

#include "troupe/actor/actor.hpp"
