# See CMakeLists.txt. Each step must succeed; what it printed is shown if not.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ended with ${result}\n${output}")
  endif()
endfunction()

set(prefix "${folder}/prefix")
file(REMOVE_RECURSE "${prefix}" "${folder}/outside")
run("${CMAKE_COMMAND}" --install "${build}" --prefix "${prefix}")

foreach(header IN LISTS private_headers)
  if(EXISTS "${prefix}/include/${header}")
    message(FATAL_ERROR "the private header ${header} is installed")
  endif()
endforeach()
file(GLOB_RECURSE licences "${prefix}/LICENSE")
if(NOT licences)
  message(FATAL_ERROR "the licence is not installed")
endif()

run("${CMAKE_COMMAND}" -S "${project}" -B "${folder}/outside" -G "${generator}" "-DCMAKE_PREFIX_PATH=${prefix}"
  "-DCMAKE_CXX_COMPILER=${compiler}" "-DCMAKE_CXX_FLAGS=${flags}")
run("${CMAKE_COMMAND}" --build "${folder}/outside")
run("${folder}/outside/outside")
