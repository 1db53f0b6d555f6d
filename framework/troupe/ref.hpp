#pragma once

#include "troupe/actor/ref.hpp"
