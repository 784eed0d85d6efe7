# Every program of this folder; written by `cmake -P cmake/lists.cmake`.
set(patchbay_examples
  patchbayctl
)
set(patchbay_examples_patchbayctl
  patchbayctl/configuration.cpp
  patchbayctl/doors.cpp
  patchbayctl/environment.cpp
  patchbayctl/input.cpp
  patchbayctl/job.cpp
  patchbayctl/main.cpp
  patchbayctl/options.cpp
  patchbayctl/results.cpp
  patchbayctl/run.cpp
  patchbayctl/stop.cpp
  patchbayctl/transitions.cpp
)
