// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/impl/flow_parser.ipp>
#include <patchbay/http.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

static_assert(FlowLimits{}.max_depth == max_json_depth);

PATCHBAY_DECL Result<FlowGraph> FlowGraph::parse(const Body& text, JsonReader& reader, const FlowLimits& limits) {
  return detail::FlowParser(limits).parse(text, reader);
}

PATCHBAY_DECL Result<FlowGraph> FlowGraph::parse(std::string_view text, JsonReader& reader, const FlowLimits& limits) {
  Body body;
  body.assign(text);
  return parse(body, reader, limits);
}

}  // namespace patchbay
