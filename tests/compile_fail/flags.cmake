# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# What the scripts of this folder call the compiler with: `flags`, and what makes it read PRECOMPILED, as `use_precompiled`.
foreach(name IN ITEMS INCLUDES IMPLICIT_INCLUDES DEFINITIONS OPTIONS)
  string(REPLACE "|" ";" ${name} "${${name}}")
endforeach()
list(REMOVE_DUPLICATES INCLUDES)
set(flags -std=c++20)
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

if(COMPILER_ID STREQUAL "Clang")
  set(precompiled_file "${PRECOMPILED}.pch")
  set(use_precompiled -include-pch "${precompiled_file}")
else()
  set(precompiled_file "${PRECOMPILED}.gch")
  set(use_precompiled -include "${PRECOMPILED}" -Winvalid-pch)
endif()
