// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "tested.hpp"

#include "../suite/stopping_threads.hpp"
