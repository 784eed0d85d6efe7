# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# Only for a build of the library itself, never for a project that adds or finds it.
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

find_program(PATCHBAY_CCACHE ccache)
mark_as_advanced(PATCHBAY_CCACHE)
if(PATCHBAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Sloppiness that precompiled headers need: without it ccache passes every such compilation on.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${PATCHBAY_CCACHE}")
endif()

# The warnings that our own code must pass.
add_library(patchbay_dev INTERFACE)
target_compile_options(patchbay_dev INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(patchbay_dev INTERFACE -fconcepts-diagnostics-depth=10)
endif()
# Analyses that g++ 12 itself documents as unreliable once sanitizers have instrumented the code, and -Wrestrict, which
# it raises inside std::string's operator+ (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(patchbay_dev INTERFACE -Wno-restrict)
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    target_compile_options(patchbay_dev INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# Lists of files are written down, not globbed, so that a build says what it builds. This is what keeps them honest.
include(cmake/lists.cmake)
patchbay_check_lists("${CMAKE_CURRENT_SOURCE_DIR}")
