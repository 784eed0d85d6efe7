// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Boost.JSON: a tree in memory that is given back at once, its serializer into a buffer that is kept.

#include "work.hpp"

#if !__has_include(<boost/json/src.hpp>)
namespace patchbay::benchmarks {
std::unique_ptr<Contender> make_boost_json() { return nullptr; }
}  // namespace patchbay::benchmarks
#else

#include <cmath>  // isfinite
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/src.hpp>

#include "rules.hpp"
#include "values.hpp"

namespace patchbay::benchmarks {
namespace {

namespace json = boost::json;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }
json::string_view of_boost(std::string_view text) { return {text.data(), text.size()}; }

class BoostJson final : public Contender {
 public:
  BoostJson() : Contender("Boost.JSON, monotonic", duplicates | no_types) {}

  std::string_view hold(const Hold& command) override {
    if (!is_hold(command)) return {};
    json::monotonic_resource memory(memory_.data(), memory_.size());
    json::object out(7, &memory);
    out.emplace("type", "hold");
    out.emplace("interactionId", of_boost(command.interaction));
    out.emplace("holdReason", of_boost(command.reason));
    out.emplace("priority", command.priority);
    if (command.music) out.emplace("holdMusic", of_boost(*command.music));
    if (command.prompt) out.emplace("holdPrompt", of_boost(*command.prompt));
    return written(out);
  }

  std::string_view coerce(std::string_view text) override {
    json::monotonic_resource memory(memory_.data(), memory_.size());
    json::value root;
    if (!parse(text, &memory, root) || !root.is_object()) return {};
    json::object out(8, &memory);
    unsigned seen = 0, next = 0;
    for (auto& [key, value] : root.get_object()) {
      const rules::Variable which = rules::variable(view(key), next);
      if (which == rules::unknown) return {};
      next = which + 1U;
      seen |= 1U << which;
      if (value.is_null() && which == rules::note) continue;
      if (!put(value, Out{out, which, *this})) return {};
    }
    if ((seen & rules::all_required) != rules::all_required) return {};
    return written(out);
  }

  bool decode(const Body& answer, Interaction& out) override {
    json::monotonic_resource memory(memory_.data(), memory_.size());
    json::value root;
    if (!parse(answer.view(), &memory, root) || !root.is_object()) return false;
    const json::object& all = root.get_object();
    const json::object* const routing = object(all, "routingData");
    const json::object* const group = routing ? object(*routing, "skillGroup") : nullptr;
    const json::object* const attributes = object(all, "customAttributes");
    if (!group || !attributes) return false;
    CustomAttributes& to = out.customAttributes;
    const json::value* const duration = attributes->if_contains("call_duration_seconds");
    const json::value* const supervisor = attributes->if_contains("requires_supervisor");
    if (!duration || !duration->is_int64() || !supervisor || !supervisor->is_bool()) return false;
    to.call_duration_seconds = duration->get_int64();
    to.requires_supervisor = supervisor->get_bool();
    if (const json::value* const held = all.if_contains("held")) {
      if (!held->is_bool() && !held->is_null()) return false;
      if (held->is_bool()) out.held = held->get_bool();
    }
    return string(all, "id", out.id) && string(all, "state", out.state) &&
           string(*routing, "orgId", out.routingData.orgId) && string(*group, "id", out.routingData.skillGroup.id) &&
           string(*group, "name", out.routingData.skillGroup.name) && string(*attributes, "ivr_state", to.ivr_state) &&
           string(*attributes, "flow_node", to.flow_node) && string(*attributes, "last_updated", to.last_updated) &&
           string(*attributes, "transition_id", to.transition_id) &&
           string(*attributes, "customer_tier", to.customer_tier);
  }

 private:
  /// Writes members in `values.hpp`'s way.
  struct Out {
    json::object& out;
    rules::Variable which;
    BoostJson& of;

    template <class Value>
    bool add(Value&& value) const {
      out.emplace(of_boost(rules::names[which]), std::forward<Value>(value));
      return true;
    }
    bool text(std::string_view value) const { return add(of_boost(value)); }
    bool number(std::string_view value) const {
      json::error_code error;
      json::value number = json::parse(of_boost(value), error, out.storage());
      return !error && add(std::move(number));
    }
    bool truth(bool value) const { return add(value); }
    bool object_of(std::string_view value) const {
      json::error_code error;
      json::value object = json::parse(of_boost(value), error, out.storage(), limits(rules::max_depth));
      return !error && object.is_object() && is_finite(object) && add(std::move(object));
    }
  };

  static json::parse_options limits(int depth) {
    json::parse_options out;
    out.max_depth = static_cast<std::size_t>(depth);
    return out;
  }
  bool parse(std::string_view text, json::storage_ptr memory, json::value& out) {
    json::error_code error;
    parser_.reset(std::move(memory));
    parser_.write(of_boost(text), error);
    if (error) return false;
    json::value made = parser_.release();
    // Assigning would copy it, since the two have other memories.
    out.~value();
    new (&out) json::value(std::move(made));
    return true;
  }
  static bool put(json::value& value, const Out& out) {
    switch (value.kind()) {
      case json::kind::string:
        return put_text(out.which, view(value.get_string()), out);
      case json::kind::int64: {
        const std::int64_t number = value.get_int64();
        if (out.which == rules::balance) return out.add(number);
        if (out.which == rules::duration) return number >= 0 && number <= rules::max_duration && out.add(number);
        return out.which == rules::supervisor && (number == 0 || number == 1) && out.truth(number == 1);
      }
      case json::kind::uint64:
        return out.which == rules::balance && out.add(value.get_uint64());
      case json::kind::double_:
        return out.which == rules::balance && std::isfinite(value.get_double()) && out.add(value.get_double());
      case json::kind::bool_:
        return out.which == rules::supervisor && out.truth(value.get_bool());
      case json::kind::object:
        return out.which == rules::metadata && is_finite(value) && out.add(std::move(value));
      default:
        return false;
    }
  }
  static bool is_finite(const json::value& value) {
    if (value.is_double()) return std::isfinite(value.get_double());
    if (value.is_object()) {
      for (const auto& [key, member] : value.get_object())
        if (!is_finite(member)) return false;
    } else if (value.is_array()) {
      for (const json::value& item : value.get_array())
        if (!is_finite(item)) return false;
    }
    return true;
  }
  std::string_view written(const json::object& out) {
    serializer_.reset(&out);
    std::size_t size = 0;
    for (;;) {
      size += serializer_.read(out_.data() + size, out_.size() - size).size();
      if (serializer_.done()) return {out_.data(), size};
      out_.resize(out_.size() * 2);
    }
  }
  static const json::object* object(const json::object& of, json::string_view name) {
    const json::value* const value = of.if_contains(name);
    return value ? value->if_object() : nullptr;
  }
  static bool string(const json::object& of, json::string_view name, std::string& out) {
    const json::value* const value = of.if_contains(name);
    const json::string* const text = value ? value->if_string() : nullptr;
    if (text) out.assign(text->data(), text->size());
    return text != nullptr;
  }

  std::vector<unsigned char> memory_ = std::vector<unsigned char>(16'384);
  json::parser parser_{json::storage_ptr(), limits(rules::max_depth + 1)};
  json::serializer serializer_;
  std::vector<char> out_ = std::vector<char>(4'096);
};

}  // namespace

std::unique_ptr<Contender> make_boost_json() { return std::make_unique<BoostJson>(); }

}  // namespace patchbay::benchmarks
#endif
