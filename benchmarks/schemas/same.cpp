// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include "same.hpp"

#include <patchbay/json/read.hpp>  // simdjson, with its layout settled
#include <patchbay/json/write.hpp>

namespace patchbay::benchmarks {
namespace {

namespace dom = simdjson::dom;

bool same(dom::element a, dom::element b) {
  if (a.is_object() && b.is_object()) {
    const dom::object left = a.get_object().value_unsafe(), right = b.get_object().value_unsafe();
    if (left.size() != right.size()) return false;
    for (const auto field : left) {
      dom::element other;
      if (right.at_key(field.key).get(other) || !same(field.value, other)) return false;
    }
    return true;
  }
  if (a.is_array() && b.is_array()) {
    const dom::array left = a.get_array().value_unsafe(), right = b.get_array().value_unsafe();
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i)
      if (!same(left.at(i).value_unsafe(), right.at(i).value_unsafe())) return false;
    return true;
  }
  if (a.is_number() && b.is_number()) return !(a.get_double().value_unsafe() != b.get_double().value_unsafe());
  std::string_view left, right;
  if (!a.get_string().get(left) && !b.get_string().get(right)) return left == right;
  return a.type() == b.type() && (!a.is_bool() || a.get_bool().value_unsafe() == b.get_bool().value_unsafe());
}

}  // namespace

bool same_json(std::string_view a, std::string_view b) {
  dom::parser one, two;
  dom::element left, right;
  return !one.parse(a.data(), a.size()).get(left) && !two.parse(b.data(), b.size()).get(right) && same(left, right);
}

std::string json_of(const Interaction& interaction) {
  std::string out;
  JsonWriter json(out);
  const CustomAttributes& attributes = interaction.customAttributes;
  json.begin_object().member("id", interaction.id).member("state", interaction.state);
  json.key("routingData").begin_object().key("skillGroup").begin_object();
  json.member("id", interaction.routingData.skillGroup.id)
      .member("name", interaction.routingData.skillGroup.name)
      .end_object();
  json.member("orgId", interaction.routingData.orgId).end_object();
  json.key("customAttributes")
      .begin_object()
      .member("ivr_state", attributes.ivr_state)
      .member("flow_node", attributes.flow_node);
  json.member("last_updated", attributes.last_updated).member("transition_id", attributes.transition_id);
  json.member("customer_tier", attributes.customer_tier)
      .member("call_duration_seconds", attributes.call_duration_seconds);
  json.member("requires_supervisor", attributes.requires_supervisor).end_object();
  if (interaction.held) json.member("held", *interaction.held);
  json.end_object();
  return out;
}

}  // namespace patchbay::benchmarks
