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

PATCHBAY_DECL bool FlowGraph::same_as(const FlowGraph& other) const noexcept {
  return id_ == other.id_ && version_ == other.version_ && nodes_ == other.nodes_ && edges_ == other.edges_ &&
         names_ == other.names_ && types_ == other.types_ && conditions_ == other.conditions_ && called_ == other.called_ &&
         tracking_ == other.tracking_ && arena_ == other.arena_;
}

}  // namespace patchbay
