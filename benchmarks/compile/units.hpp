// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

// The translation units whose compilation is measured, each a whole program's text.
namespace patchbay::benchmarks {

/// Includes nlohmann's json and parses one document: what others are measured against.
[[nodiscard]] std::string nlohmann_unit();
/// What no client of such a library can do without: Hana's structs, the expected type and a few standard headers.
[[nodiscard]] std::string floor_unit();
/// Both doors, used in every way, with a schema of 10 fields and a flow of 30 edges.
[[nodiscard]] std::string doors_unit();
/// Both doors, included and not used.
[[nodiscard]] std::string included_doors_unit();
/// A schema of so many fields, of all kinds in turn, that coerces and encodes; at most 54.
[[nodiscard]] std::string schema_unit(int fields);
/// A static flow of so many edges, of which everything is asked.
[[nodiscard]] std::string flow_unit(int edges);
/// A header by itself.
[[nodiscard]] std::string header_unit(std::string_view header);

}  // namespace patchbay::benchmarks
