# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
#
# What the library needs; the installed patchbayConfig.cmake looks for the same packages.
# simdjson and fmt refuse a request for an older major version than their own, so the least version is checked here.
macro(patchbay_find package least)
  find_package(${package} CONFIG REQUIRED)
  if(${package}_VERSION VERSION_LESS ${least})
    message(FATAL_ERROR "patchbay needs ${package} ${least} or later; found ${${package}_VERSION}")
  endif()
endmacro()

patchbay_find(Boost 1.81)  # Hana, UUID and Random; Beast and Asio for the adapter
patchbay_find(fmt 9.0)
patchbay_find(simdjson 3.0)
patchbay_find(tl-expected 1.0)
