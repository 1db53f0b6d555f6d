# Runs inside ctest, once per test program, and registers each of its test cases as a test of its own: so the test cases
# run in parallel, one crash is one failure, and the build never has to run what it built.
# Set by the including file: suite, program, list_arguments (a list), timeout (seconds).
if(NOT EXISTS "${program}")
  add_test("${suite}: ${program} is not built" "${program}")  # cannot run, so it fails under this name
  return()
endif()
execute_process(COMMAND "${program}" ${list_arguments} OUTPUT_VARIABLE names RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR names STREQUAL "")
  add_test("${suite}: test cases cannot be listed" "${program}" --no-such-option)
  return()
endif()

# Not a CMake list: a name may hold brackets and semicolons.
while(NOT names STREQUAL "")
  string(FIND "${names}" "\n" end)
  string(SUBSTRING "${names}" 0 ${end} name)
  if(end EQUAL -1)
    set(names "")
  else()
    math(EXPR end "${end} + 1")
    string(SUBSTRING "${names}" ${end} -1 names)
  endif()
  string(STRIP "${name}" name)
  if(NOT name STREQUAL "")
    # What Catch would read as syntax is escaped.
    string(REPLACE "\\" "\\\\" pattern "${name}")
    string(REPLACE "," "\\," pattern "${pattern}")
    string(REPLACE "[" "\\[" pattern "${pattern}")
    string(REPLACE "\"" "\\\"" pattern "${pattern}")
    add_test("${suite}: ${name}" "${program}" "${pattern}")
    set_tests_properties("${suite}: ${name}" PROPERTIES LABELS "${suite}" TIMEOUT "${timeout}")
  endif()
endwhile()
