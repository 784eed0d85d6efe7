// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The version of the library; CMake reads it from these three lines.
#define PATCHBAY_VERSION_MAJOR 0
#define PATCHBAY_VERSION_MINOR 1
#define PATCHBAY_VERSION_PATCH 0
