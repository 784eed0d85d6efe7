// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A literal that is none of the listed values.
// expect: this_literal_breaks_the_rule_of_its_type
#include <patchbay/schema/document_schemas.hpp>

patchbay::HoldCommand command() { return {"550e8400-e29b-41d4-a716-446655440000", "lunch", 9}; }
