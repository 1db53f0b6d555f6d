#pragma once

#include "troupe/transport/connection.hpp"
