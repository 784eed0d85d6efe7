# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# Planted bugs: `plant` writes a copy of the headers with the bugs of mutations/ in it, each behind a switch, and `mutants`
# runs the simulation with one after the other. A header that a mutation no longer fits stops the build.
add_executable(plant EXCLUDE_FROM_ALL plant.cpp)
target_link_libraries(plant PRIVATE patchbay_dev)
target_compile_features(plant PRIVATE cxx_std_20)

set(planted "${CMAKE_CURRENT_BINARY_DIR}/planted")
file(GLOB mutations CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/mutations/*.mutation")
list(TRANSFORM patchbay_headers PREPEND "${PROJECT_SOURCE_DIR}/" OUTPUT_VARIABLE headers)
list(TRANSFORM patchbay_definitions PREPEND "${PROJECT_SOURCE_DIR}/" OUTPUT_VARIABLE definitions)
add_custom_command(OUTPUT "${planted}.stamp"
  COMMAND plant "${CMAKE_CURRENT_SOURCE_DIR}/mutations" "${PROJECT_SOURCE_DIR}/include" "${planted}"
  COMMAND "${CMAKE_COMMAND}" -E copy_directory "${planted}/patchbay_mutations" "${planted}_switches/patchbay_mutations"
  COMMAND "${CMAKE_COMMAND}" -E touch "${planted}.stamp"
  DEPENDS plant ${mutations} ${headers} ${definitions}
  COMMENT "Planting bugs in a copy of the headers" VERBATIM)
add_custom_target(planted_headers DEPENDS "${planted}.stamp")
# What is planted is written while a build is under way, which learns of it behind its first look at what is old.
set_source_files_properties(mutants.cpp PROPERTIES OBJECT_DEPENDS "${planted}.stamp")

# Headers alone, so that nothing of the library's own compilation is in it; the copy is found before the original.
add_executable(mutants EXCLUDE_FROM_ALL mutants.cpp)
target_include_directories(mutants BEFORE PRIVATE "${planted}")
target_link_libraries(mutants PRIVATE patchbay::patchbay Threads::Threads)
add_dependencies(mutants planted_headers)
add_dependencies(patchbay_release_tests mutants)

set(mutants_arguments --check "${CMAKE_CURRENT_SOURCE_DIR}/MUTATIONS.md" --unseen "${CMAKE_CURRENT_SOURCE_DIR}/unseen.txt")
add_test(NAME "simulation: planted bugs are caught" COMMAND mutants ${mutants_arguments} --jobs 2)
set_tests_properties("simulation: planted bugs are caught" PROPERTIES LABELS tools TIMEOUT ${patchbay_patience})

# With no bug switched on the copy behaves as the original.
add_executable(mutants_unplanted EXCLUDE_FROM_ALL mutants.cpp)
target_include_directories(mutants_unplanted PRIVATE "${planted}_switches")
target_link_libraries(mutants_unplanted PRIVATE patchbay::patchbay Threads::Threads)
target_compile_options(mutants_unplanted PRIVATE -O0)
add_dependencies(mutants_unplanted planted_headers)
add_dependencies(patchbay_release_tests mutants_unplanted)
add_test(NAME "simulation: no bug is planted where none is switched on" COMMAND "${CMAKE_COMMAND}" "-Dfirst=$<TARGET_FILE:mutants>"
  "-Dsecond=$<TARGET_FILE:mutants_unplanted>" -P "${CMAKE_CURRENT_SOURCE_DIR}/same_hash.cmake")
set_tests_properties("simulation: no bug is planted where none is switched on" PROPERTIES LABELS tools TIMEOUT ${patchbay_patience})
