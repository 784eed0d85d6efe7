# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# cmake -Dfirst=PROGRAM -Dsecond=PROGRAM -P same_hash.cmake: fails unless both print the same hash of the same seeds.
foreach(which IN ITEMS first second)
  execute_process(COMMAND "${${which}}" --clean --seeds 200 OUTPUT_VARIABLE ${which}_hash COMMAND_ERROR_IS_FATAL ANY)
endforeach()
if(NOT first_hash MATCHES "^[0-9a-f]+\n$" OR NOT first_hash STREQUAL second_hash)
  message(FATAL_ERROR "The hashes differ:\n${first_hash}${second_hash}")
endif()
