// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The one file of the target that owns the precompiled header.
#include "support/precompiled.hpp"
