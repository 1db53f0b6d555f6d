#pragma once

#include "troupe/pipeline/chain.hpp"
