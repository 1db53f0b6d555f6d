#pragma once

#include "troupe/wire/any_value.hpp"
