# Every program of this folder; written by `cmake -P cmake/lists.cmake`.
set(patchbay_benchmarks
  
)
