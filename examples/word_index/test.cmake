# Runs over a small folder with known content, once as it is and once while workers are killed.
set(texts "${CMAKE_CURRENT_BINARY_DIR}/${example}_texts")
add_test(NAME "example: ${example}, its texts" COMMAND "${CMAKE_COMMAND}" "-Dfolder=${texts}" -P "${folder}/make_texts.cmake")
set_tests_properties("example: ${example}, its texts" PROPERTIES LABELS example FIXTURES_SETUP word_index_texts)

function(test_word_index name expected)
  add_test(NAME "example: ${example}, ${name}"
    COMMAND "${CMAKE_COMMAND}" "-Dexpected=${folder}/${expected}" "-Dprogram=$<TARGET_FILE:${example}>"
      "-Darguments=${ARGN}" -Dtimeout=${example_limit}
      -P "${CMAKE_CURRENT_SOURCE_DIR}/check_output.cmake"
    WORKING_DIRECTORY "${texts}")
  set_tests_properties("example: ${example}, ${name}" PROPERTIES
    LABELS example TIMEOUT 700 FIXTURES_REQUIRED word_index_texts)
endfunction()

test_word_index("the answer" expected.txt
  texts /proc/self/mem no_such_folder --workers 2 --top 5 --word license --word Naïve --word missing --files 3)
test_word_index("verified while workers are killed" expected_verified.txt
  texts many no_such_folder --workers 3 --top 8 --verify --chaos=1)
test_word_index("its graph" expected_graph.txt texts --workers 4 --graph)

# The limit on the size of files is one on shared memory, too: there is none for troupe::system to begin with.
add_test(NAME "example: ${example}, an error before there is a system"
  COMMAND sh -c "trap '' XFSZ && (ulimit -f 0 && exec \"$0\" --graph) || echo \"exit code $?\"" "$<TARGET_FILE:${example}>")
set_tests_properties("example: ${example}, an error before there is a system" PROPERTIES
  LABELS example TIMEOUT 700 PASS_REGULAR_EXPRESSION "word_index: [^\n]*\nexit code 1\n")
