# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# The lists of public headers, of the definitions behind them (src.hpp), unit tests, compile-fail pairs, examples and
# benchmarks. After adding or removing a file:
#
#   cmake -P cmake/lists.cmake
#
# writes them anew, sorted. A developer build compares them with the folders and stops when they differ.

# Writes into `out` the text of include/patchbay/headers.cmake as the folder has it.
function(patchbay_header_list root out)
  file(GLOB_RECURSE headers RELATIVE "${root}/include" "${root}/include/patchbay/*.hpp")
  list(REMOVE_ITEM headers patchbay/src.hpp)
  file(GLOB_RECURSE definitions RELATIVE "${root}/include" "${root}/include/patchbay/*.ipp")
  set(text "# Every public header, and the definitions that some of them have apart; written by `cmake -P cmake/lists.cmake`.\n")
  foreach(list IN ITEMS headers definitions)
    list(SORT ${list})
    string(APPEND text "set(patchbay_${list}\n")
    foreach(file IN LISTS ${list})
      string(APPEND text "  include/${file}\n")
    endforeach()
    string(APPEND text ")\n")
  endforeach()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# The text of include/patchbay/src.hpp: every definition that is no template, for the one unit that compiles them.
function(patchbay_source_header root out)
  file(GLOB_RECURSE files RELATIVE "${root}/include" "${root}/include/patchbay/*.ipp")
  list(SORT files)
  string(CONCAT text
    "// SPDX-FileCopyrightText: 2026 The patchbay authors\n"
    "// SPDX-License-Identifier: BSL-1.0\n"
    "#pragma once\n\n"
    "// Include this in one file of a program whose files are all compiled with PATCHBAY_SEPARATE_COMPILATION: it holds the\n"
    "// definitions that the headers then leave out. The CMake target patchbay::compiled is that file, compiled. Written by\n"
    "// `cmake -P cmake/lists.cmake`.\n"
    "#if !defined(PATCHBAY_SEPARATE_COMPILATION)\n"
    "#error \"patchbay: define PATCHBAY_SEPARATE_COMPILATION for all files of the program, or leave <patchbay/src.hpp> out\"\n"
    "#endif\n\n")
  foreach(file IN LISTS files)
    string(APPEND text "#include <${file}>\n")
  endforeach()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# The same for tests/sources.cmake: one list per room of tests/unit, and the compile-fail pairs. A room is a folder that
# holds .cpp files; `adapters/beast` becomes the room `adapters_beast`. Files called *_threads.cpp, which start threads,
# make a binary of their own, so that the thread sanitizer builds these and no others.
function(patchbay_test_list root out)
  file(GLOB_RECURSE files RELATIVE "${root}/tests/unit" "${root}/tests/unit/*.cpp")
  list(SORT files)
  set(rooms "")
  foreach(file IN LISTS files)
    cmake_path(GET file PARENT_PATH folder)
    string(REPLACE "/" "_" room "${folder}")
    if(file MATCHES "_threads\\.cpp$")
      string(APPEND room "_threads")
    endif()
    list(APPEND rooms "${room}")
    string(APPEND text_of_${room} "  unit/${file}\n")
  endforeach()
  list(SORT rooms)
  list(REMOVE_DUPLICATES rooms)
  list(JOIN rooms "\n  " names)
  set(text "# Every unit test and compile-fail pair; written by `cmake -P cmake/lists.cmake`.\n")
  string(APPEND text "set(patchbay_test_rooms\n  ${names}\n)\n")
  foreach(room IN LISTS rooms)
    string(APPEND text "set(patchbay_tests_${room}\n${text_of_${room}})\n")
  endforeach()
  file(GLOB pairs RELATIVE "${root}/tests/compile_fail" "${root}/tests/compile_fail/fails_*.cpp"
       "${root}/tests/compile_fail/ok_*.cpp")
  list(TRANSFORM pairs REPLACE "^(fails|ok)_(.*)\\.cpp$" "\\2")
  list(SORT pairs)
  list(REMOVE_DUPLICATES pairs)
  list(JOIN pairs "\n  " names)
  string(APPEND text "set(patchbay_compile_fail_pairs\n  ${names}\n)\n")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# The programs of a folder: a single file `x.cpp` is the program x; a folder `y` is the program y of all its files.
function(patchbay_program_list root folder out)
  file(GLOB_RECURSE files RELATIVE "${root}/${folder}" "${root}/${folder}/*.cpp")
  list(SORT files)
  set(programs "")
  foreach(file IN LISTS files)
    string(REGEX REPLACE "(/.*|\\.cpp)$" "" program "${file}")
    list(APPEND programs "${program}")
    string(APPEND text_of_${program} "  ${file}\n")
  endforeach()
  list(REMOVE_DUPLICATES programs)
  list(JOIN programs "\n  " names)
  set(text "# Every program of this folder; written by `cmake -P cmake/lists.cmake`.\nset(patchbay_${folder}\n  ${names}\n)\n")
  foreach(program IN LISTS programs)
    string(APPEND text "set(patchbay_${folder}_${program}\n${text_of_${program}})\n")
  endforeach()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# Stops the configuration, naming the files, when a written list is not what the folder holds.
function(patchbay_check_list root file expected)
  set(written "")
  if(EXISTS "${root}/${file}")
    file(READ "${root}/${file}" written)
  endif()
  if(written STREQUAL expected)
    return()
  endif()
  string(REGEX MATCHALL "[A-Za-z0-9_/.-]+\\.[chi]pp" in_list "${written}")
  string(REGEX MATCHALL "[A-Za-z0-9_/.-]+\\.[chi]pp" in_folder "${expected}")
  set(missing ${in_folder})
  set(stale ${in_list})
  if(in_list)
    list(REMOVE_ITEM missing ${in_list})
  endif()
  if(in_folder)
    list(REMOVE_ITEM stale ${in_folder})
  endif()
  message(FATAL_ERROR "${file} is not what the folder holds.\n"
    "  not in the list: ${missing}\n  not in the folder: ${stale}\nWrite it anew with: cmake -P cmake/lists.cmake")
endfunction()

function(patchbay_check_lists root)
  patchbay_header_list("${root}" headers)
  patchbay_check_list("${root}" include/patchbay/headers.cmake "${headers}")
  patchbay_source_header("${root}" source)
  patchbay_check_list("${root}" include/patchbay/src.hpp "${source}")
  patchbay_test_list("${root}" tests)
  patchbay_check_list("${root}" tests/sources.cmake "${tests}")
  foreach(folder IN ITEMS examples benchmarks)
    patchbay_program_list("${root}" ${folder} programs)
    patchbay_check_list("${root}" ${folder}/sources.cmake "${programs}")
  endforeach()
  # A file that comes or goes makes the build configure itself again, and so reach this check.
  file(GLOB_RECURSE watched CONFIGURE_DEPENDS "${root}/include/patchbay/*.hpp" "${root}/include/patchbay/*.ipp"
       "${root}/tests/unit/*.cpp"
       "${root}/tests/compile_fail/*.cpp" "${root}/examples/*.cpp" "${root}/benchmarks/*.cpp")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  cmake_minimum_required(VERSION 3.24)
  cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)
  patchbay_header_list("${root}" headers)
  file(CONFIGURE OUTPUT "${root}/include/patchbay/headers.cmake" CONTENT "${headers}" @ONLY)
  patchbay_source_header("${root}" source)
  file(CONFIGURE OUTPUT "${root}/include/patchbay/src.hpp" CONTENT "${source}" @ONLY)
  patchbay_test_list("${root}" tests)
  file(CONFIGURE OUTPUT "${root}/tests/sources.cmake" CONTENT "${tests}" @ONLY)
  foreach(folder IN ITEMS examples benchmarks)
    patchbay_program_list("${root}" ${folder} programs)
    file(CONFIGURE OUTPUT "${root}/${folder}/sources.cmake" CONTENT "${programs}" @ONLY)
  endforeach()
endif()
