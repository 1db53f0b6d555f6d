#pragma once

#include "troupe/process/process.hpp"
