// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// nlohmann's json as it is mostly used: a tree, here one that keeps the order of members; a callback sees duplicates.

#include "work.hpp"

#if !__has_include(<nlohmann/json.hpp>)
namespace patchbay::benchmarks {
std::unique_ptr<Contender> make_nlohmann() { return nullptr; }
}  // namespace patchbay::benchmarks
#else

#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "rules.hpp"
#include "values.hpp"

namespace patchbay::benchmarks {
namespace {

using Json = nlohmann::ordered_json;

class Nlohmann final : public Contender {
 public:
  Nlohmann() : Contender("nlohmann", no_types) {}

  std::string_view hold(const Hold& command) override {
    if (!is_hold(command)) return {};
    Json out{{"type", "hold"},
             {"interactionId", command.interaction},
             {"holdReason", command.reason},
             {"priority", command.priority}};
    if (command.music) out["holdMusic"] = *command.music;
    if (command.prompt) out["holdPrompt"] = *command.prompt;
    return out_ = out.dump();
  }

  std::string_view coerce(std::string_view text) override {
    unsigned seen = 0, next = 0;
    bool fine = true;
    Json root = Json::parse(
        text.begin(), text.end(),
        [&](int depth, Json::parse_event_t event, Json& parsed) {
          if (event != Json::parse_event_t::key || depth != 1) return true;
          const rules::Variable which = rules::variable(parsed.get_ref<const std::string&>(), next);
          fine = fine && which != rules::unknown && !(seen & 1U << which);
          next = which + 1U;
          seen |= 1U << which;
          return fine;
        },
        false);
    if (!fine || !root.is_object() || (seen & rules::all_required) != rules::all_required) return {};
    Json out = Json::object();
    next = 0;
    for (auto& [key, value] : root.items()) {
      const rules::Variable which = rules::variable(key, next);
      next = which + 1U;
      if (value.is_null() && which == rules::note) continue;
      if (!put(value, Out{out[key], which})) return {};
    }
    return out_ = out.dump();
  }

  bool decode(const Body& answer, Interaction& out) override {
    const Json root = Json::parse(answer.view().begin(), answer.view().end(), nullptr, false);
    const Json* const routing = member(root, "routingData");
    const Json* const group = routing ? member(*routing, "skillGroup") : nullptr;
    const Json* const attributes = member(root, "customAttributes");
    if (!group || !attributes) return false;
    CustomAttributes& to = out.customAttributes;
    const Json* const duration = member(*attributes, "call_duration_seconds");
    const Json* const supervisor = member(*attributes, "requires_supervisor");
    if (!duration || !duration->is_number_integer() || !supervisor || !supervisor->is_boolean()) return false;
    to.call_duration_seconds = duration->get<std::int64_t>();
    to.requires_supervisor = supervisor->get<bool>();
    if (const Json* const held = member(root, "held")) {
      if (!held->is_boolean() && !held->is_null()) return false;
      if (held->is_boolean()) out.held = held->get<bool>();
    }
    return string(root, "id", out.id) && string(root, "state", out.state) &&
           string(*routing, "orgId", out.routingData.orgId) && string(*group, "id", out.routingData.skillGroup.id) &&
           string(*group, "name", out.routingData.skillGroup.name) && string(*attributes, "ivr_state", to.ivr_state) &&
           string(*attributes, "flow_node", to.flow_node) && string(*attributes, "last_updated", to.last_updated) &&
           string(*attributes, "transition_id", to.transition_id) &&
           string(*attributes, "customer_tier", to.customer_tier);
  }

 private:
  /// Writes a member in `values.hpp`'s way.
  struct Out {
    Json& to;
    rules::Variable which;
    bool text(std::string_view value) const { return to = value, true; }
    bool number(std::string_view value) const { return to = Json::parse(value, nullptr, false), !to.is_discarded(); }
    bool truth(bool value) const { return to = value, true; }
    bool object_of(std::string_view value) const {
      to = Json::parse(value, nullptr, false);
      return to.is_object() && fits_depth(to, rules::max_depth);
    }
  };

  static bool fits_depth(const Json& value, int depth) {
    if (!value.is_structured()) return true;
    if (depth <= 0) return false;
    for (const Json& each : value)
      if (!fits_depth(each, depth - 1)) return false;
    return true;
  }
  static bool put(Json& value, const Out& out) {
    if (value.is_string()) return put_text(out.which, value.get_ref<const std::string&>(), out);
    if (value.is_boolean()) return out.which == rules::supervisor && out.truth(value.get<bool>());
    if (value.is_number()) {
      if (out.which == rules::balance) return out.to = value, true;
      if (!value.is_number_integer()) return false;
      const auto number = value.get<std::int64_t>();
      if (number < 0) return false;
      if (out.which == rules::duration) return number <= rules::max_duration && (out.to = number, true);
      return out.which == rules::supervisor && number <= 1 && out.truth(number == 1);
    }
    if (out.which != rules::metadata || !value.is_object() || !fits_depth(value, rules::max_depth)) return false;
    out.to = std::move(value);
    return true;
  }
  static const Json* member(const Json& of, const char* name) {
    if (!of.is_object()) return nullptr;
    const auto found = of.find(name);
    return found == of.end() ? nullptr : &*found;
  }
  static bool string(const Json& of, const char* name, std::string& out) {
    const Json* const value = member(of, name);
    if (!value || !value->is_string()) return false;
    out = value->get_ref<const std::string&>();
    return true;
  }

  std::string out_;
};

}  // namespace

std::unique_ptr<Contender> make_nlohmann() { return std::make_unique<Nlohmann>(); }

}  // namespace patchbay::benchmarks
#endif
