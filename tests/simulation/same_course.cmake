# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# cmake -Dfirst=PROGRAM -Dsecond=PROGRAM [-Dthird=PROGRAM] -P same_course.cmake: all builds of the campaign give fifty seeds
# of each dialect the same hash.
foreach(dialect IN ITEMS interactions platform)
  set(hashes)
  foreach(program IN LISTS first second third)
    execute_process(COMMAND "${program}" --dialect ${dialect} --seeds 50 --hash OUTPUT_VARIABLE hash RESULT_VARIABLE status
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT status EQUAL 0 OR NOT hash MATCHES "^[0-9a-f]+$")
      message(FATAL_ERROR "${program} failed: ${status} ${hash}")
    endif()
    list(APPEND hashes "${hash}")
  endforeach()
  list(REMOVE_DUPLICATES hashes)
  list(LENGTH hashes different)
  if(NOT different EQUAL 1)
    message(FATAL_ERROR "The same seeds took different courses with the dialect ${dialect}: ${hashes}")
  endif()
  message(STATUS "All builds, ${dialect}: ${hashes}")
endforeach()
