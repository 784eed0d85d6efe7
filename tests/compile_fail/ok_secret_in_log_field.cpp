// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/logger.hpp>

patchbay::Field field_of(const patchbay::Secret& secret) { return patchbay::Field("client_secret_set", !secret.empty()); }
