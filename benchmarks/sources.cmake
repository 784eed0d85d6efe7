# Every program of this folder; written by `cmake -P cmake/lists.cmake`.
set(patchbay_benchmarks
  transition_in_memory
)
set(patchbay_benchmarks_transition_in_memory
  transition_in_memory.cpp
)
