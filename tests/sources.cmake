# Every unit test and compile-fail pair; written by `cmake -P cmake/lists.cmake`.
set(patchbay_test_rooms
  core
)
set(patchbay_tests_core
  unit/core/secret.cpp
)
set(patchbay_compile_fail_pairs
  request_as_aggregate
  result_ignored
  secret_as_text
  secret_formatted
  secret_in_log_field
  transport_without_send
)
