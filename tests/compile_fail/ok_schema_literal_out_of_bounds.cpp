// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/document_schemas.hpp>

patchbay::HoldCommand command() { return {"550e8400-e29b-41d4-a716-446655440000", "consultation", 9}; }
