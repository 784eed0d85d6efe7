// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What stands before a function that has its definition in an `.ipp` file: `inline`, or nothing when the client compiles
/// those definitions once, in a unit that includes <patchbay/src.hpp>, or links the library that CMake builds of it.
/// `PATCHBAY_SEPARATE_COMPILATION` must be the same in all units of a program that use the library themselves; it changes no
/// layout, so that the adapters' libraries, which are compiled without it, link with either.
#if defined(PATCHBAY_SEPARATE_COMPILATION)
#define PATCHBAY_DECL
#else
#define PATCHBAY_DECL inline
#endif
