#pragma once

#include "troupe/process/bind.hpp"
#include "troupe/process/process.hpp"
#include "troupe/process/process_view.hpp"
