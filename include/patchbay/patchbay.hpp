// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// Everything that a program needs to use the library. Adapters are headers of their own, and so is `testing/`.

#include <patchbay/cloud/region.hpp>
#include <patchbay/flow/diagram.hpp>
#include <patchbay/flow/flow_configuration.hpp>
#include <patchbay/flow/static_flow_definition.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/hold_shards.hpp>
#include <patchbay/observe/audit_file.hpp>
#include <patchbay/policy/composed_transport.hpp>
#include <patchbay/policy/text_logger.hpp>
#include <patchbay/schema/chrono.hpp>
#include <patchbay/schema/constrained.hpp>
#include <patchbay/schema/default.hpp>
#include <patchbay/schema/enumeration.hpp>
#include <patchbay/schema/json_schema.hpp>
#include <patchbay/schema/pattern.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/version.hpp>
