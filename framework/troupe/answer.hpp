#pragma once

#include "troupe/actor/answer.hpp"
