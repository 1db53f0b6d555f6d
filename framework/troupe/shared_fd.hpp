#pragma once

#include "troupe/transport/shared_fd.hpp"
