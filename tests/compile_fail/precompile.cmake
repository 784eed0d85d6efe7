# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# Precompiles PRECOMPILED, which the pairs share, and says in DEPFILE what it was made of.
cmake_minimum_required(VERSION 3.24)
include("${CMAKE_CURRENT_LIST_DIR}/flags.cmake")
execute_process(COMMAND "${COMPILER}" ${flags} -x c++-header "${PRECOMPILED}" -o "${precompiled_file}"
    -MD -MF "${DEPFILE}" -MT "${precompiled_file}"
  RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
if(NOT status EQUAL 0 OR NOT out STREQUAL "")
  message(FATAL_ERROR "Not precompiled in silence:\n${out}")
endif()
