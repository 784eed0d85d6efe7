// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The other way to have the adapter: no library of it, one translation unit that includes its definitions.
#include <patchbay/curl/src.hpp>
