// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// Everything that a program needs to use the library. Adapters are headers of their own, and so is `testing/`.

#include <patchbay/flow/diagram.hpp>
#include <patchbay/flow/static_flow_definition.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/observe/audit_file.hpp>
#include <patchbay/policy/text_logger.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/version.hpp>
