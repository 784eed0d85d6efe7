// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A secret has no way into a log field.
// expect(GNU): error: use of deleted function .patchbay::Field::Field\(std::string_view, const patchbay::Secret&\)
// expect(Clang): error: call to deleted constructor of 'patchbay::Field'
#include <patchbay/policy/logger.hpp>

patchbay::Field field_of(const patchbay::Secret& secret) { return patchbay::Field("client_secret", secret); }
