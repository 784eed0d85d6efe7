// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <patchbay/flow/static_flow_definition.hpp>
#include <patchbay/json/write.hpp>

namespace patchbay {

PATCHBAY_DECL std::string flow_definition(const StaticFlowView& flow, std::string_view id, std::string_view version) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("id", id);
  if (!version.empty()) json.member("version", version);
  json.key("nodes").begin_array();
  const auto node = [&](std::uint32_t i) {
    json.begin_object().member("id", flow.names()[i]);
    if (!flow.type(i).empty()) json.member("type", flow.type(i));
    json.key("transitions").begin_array();
    for (const StaticEdge& edge : flow.edges(i)) {
      json.begin_object().member("targetId", flow.names()[edge.target]);
      if (!edge.condition.empty()) json.member("condition", edge.condition);
      json.end_object();
    }
    json.end_array().end_object();
  };
  node(flow.entry());
  for (std::uint32_t i = 0; i < flow.node_count(); ++i)
    if (i != flow.entry()) node(i);
  json.end_array().end_object();
  return out;
}

}  // namespace patchbay
