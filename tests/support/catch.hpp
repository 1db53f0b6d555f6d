#pragma once

// Catch2 v3 where it is, v2 elsewhere.
#if __has_include(<catch2/catch_all.hpp>)
  #include <catch2/catch_all.hpp>
#else
  #include <catch2/catch.hpp>
#endif
