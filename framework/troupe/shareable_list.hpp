#pragma once

#include "troupe/transport/shareable_list.hpp"
