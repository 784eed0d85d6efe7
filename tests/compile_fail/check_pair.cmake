# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# Compiles OK, which must succeed in silence, and FAILS, which must not compile and must print what its own
# `// expect: <regex>` lines say.
cmake_minimum_required(VERSION 3.24)
foreach(name IN ITEMS INCLUDES IMPLICIT_INCLUDES DEFINITIONS OPTIONS)
  string(REPLACE "|" ";" ${name} "${${name}}")
endforeach()
list(REMOVE_DUPLICATES INCLUDES)
set(flags -std=c++20 -fsyntax-only)
foreach(directory IN LISTS INCLUDES)
  if(directory STREQUAL OWN_INCLUDE)
    list(APPEND flags "-I${directory}")
  elseif(NOT directory IN_LIST IMPLICIT_INCLUDES)
    list(APPEND flags -isystem "${directory}")
  endif()
endforeach()
list(TRANSFORM DEFINITIONS PREPEND "-D")
list(APPEND flags ${DEFINITIONS} ${OPTIONS})

# Wraps no lines and quotes plainly, so that the expressions match on one line whatever the terminal and the locale.
set(ENV{LC_ALL} C)
list(APPEND flags -fdiagnostics-color=never)

execute_process(COMMAND "${COMPILER}" ${flags} "${OK}" RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
if(NOT status EQUAL 0 OR NOT out STREQUAL "")
  message(FATAL_ERROR "The legal twin does not compile in silence:\n  ${OK}\n${out}")
endif()

file(STRINGS "${FAILS}" lines REGEX "^// expect(\\([A-Za-z]+\\))?: ")
set(expected "")
foreach(line IN LISTS lines)
  string(REGEX MATCH "^// expect(\\(([A-Za-z]+)\\))?: (.*)$" unused "${line}")
  if("${CMAKE_MATCH_2}" STREQUAL "" OR "${CMAKE_MATCH_2}" STREQUAL COMPILER_ID)
    list(APPEND expected "${CMAKE_MATCH_3}")
  endif()
endforeach()
if(NOT expected)
  message(FATAL_ERROR "No `// expect: ` line for ${COMPILER_ID}:\n  ${FAILS}")
endif()

execute_process(COMMAND "${COMPILER}" ${flags} "${FAILS}" RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
if(status EQUAL 0)
  message(FATAL_ERROR "It compiles, and must not:\n  ${FAILS}")
endif()
foreach(regex IN LISTS expected)
  if(NOT out MATCHES "${regex}")
    message(FATAL_ERROR "It does not compile, but not for the expected reason:\n  ${FAILS}\n  expected: ${regex}\n${out}")
  endif()
endforeach()
