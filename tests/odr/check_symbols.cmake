# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# Fails when the object of a file that does nothing but include every public header defines a strong symbol of patchbay.
execute_process(COMMAND "${NM}" -C --defined-only --extern-only "${OBJECT}"
  OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${NM} failed on ${OBJECT}")
endif()
string(REGEX MATCHALL "[0-9a-f]+ [TDBRC] [^\n]*patchbay[^\n]*" strong "${symbols}")
if(strong)
  list(JOIN strong "\n  " lines)
  message(FATAL_ERROR "public headers define what two translation units cannot share:\n  ${lines}")
endif()
