// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// Third-party and standard headers alone: our own change too often, and must show what they forget to include.
#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "support/catch.hpp"
