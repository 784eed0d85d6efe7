// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// simdjson On-Demand reads, the rules and the writer are written by hand.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/json/read.hpp>  // simdjson, with its layout settled

#include "buffer.hpp"
#include "rules.hpp"
#include "values.hpp"
#include "work.hpp"

namespace patchbay::benchmarks {
namespace {

namespace od = simdjson::ondemand;

class Simdjson final : public Contender {
 public:
  // What On-Demand steps over it checks as UTF-8 and for its brackets, and no further.
  Simdjson() : Contender("simdjson, rules by hand", skipped_values | no_writer | no_types) {}

  std::string_view hold(const Hold&) override { return {}; }

  std::string_view coerce(std::string_view json) override {
    padded_.assign(json);
    out_.begin(json.size() * 6 + 256);
    out_.put('{');
    od::document document;
    od::object object;
    if (padded_.empty() || parser_.iterate(padded_.data(), padded_.size(), padded_.allocated()).get(document) ||
        document.get_object().get(object))
      return {};
    unsigned seen = 0, next = 0;
    bool any = false;
    for (auto field : object) {
      std::string_view name;
      od::value value;
      od::json_type type;
      if (field.unescaped_key().get(name) || field.value().get(value) || value.type().get(type)) return {};
      const rules::Variable which = rules::variable(name, next);
      if (which == rules::unknown || (seen & 1U << which)) return {};
      next = which + 1U;
      seen |= 1U << which;
      if (type == od::json_type::null && which == rules::note) {
        if (!is_null(value)) return {};
        continue;
      }
      if (any) out_.put(',');
      any = true;
      out_.quoted(rules::names[which]);
      out_.put(':');
      if (!put(which, type, value)) return {};
    }
    const char* rest = nullptr;
    if ((seen & rules::all_required) != rules::all_required || !document.current_location().get(rest)) return {};
    out_.put('}');
    return out_.view();
  }

  bool decode(const Body& answer, Interaction& out) override {
    od::document document;
    od::object object;
    if (answer.empty() || parser_.iterate(answer.data(), answer.size(), answer.allocated()).get(document) ||
        document.get_object().get(object))
      return false;
    unsigned seen = 0;
    const bool read = members(object, [&](std::string_view name, od::value value) {
      if (name == "id") return once(seen, 1) && text(value, out.id);
      if (name == "state") return once(seen, 2) && text(value, out.state);
      if (name == "routingData") return once(seen, 4) && routing(value, out.routingData);
      if (name == "customAttributes") return once(seen, 8) && attributes(value, out.customAttributes);
      if (name != "held") return true;
      if (!once(seen, 16)) return false;
      if (is_null(value)) return true;
      bool held = false;
      if (value.get_bool().get(held)) return false;
      out.held = held;
      return true;
    });
    const char* rest = nullptr;
    return read && (seen & 15) == 15 && document.current_location().get(rest);
  }

 private:
  /// Writes members in `values.hpp`'s way.
  struct Out {
    Simdjson& of;
    std::string_view token;  // of a string: as it stands in the text, which is what is written
    [[nodiscard]] bool text(std::string_view) const { return of.out_.copy(token), true; }
    [[nodiscard]] bool number(std::string_view value) const { return of.out_.copy(value), true; }
    [[nodiscard]] bool truth(bool value) const { return of.out_.copy(value ? "true" : "false"), true; }
    [[nodiscard]] bool object_of(std::string_view value) const {
      of.inner_.assign(value);
      od::document document;
      od::value root;
      od::json_type type;
      if (of.inner_.empty() ||
          of.inner_parser_.iterate(of.inner_.data(), of.inner_.size(), of.inner_.allocated()).get(document) ||
          document.get_value().get(root) || root.type().get(type) || type != od::json_type::object ||
          !of.walk(root, rules::max_depth))
        return false;
      const char* rest = nullptr;
      return document.current_location().get(rest) != simdjson::SUCCESS;
    }
  };

  bool put(rules::Variable which, od::json_type type, od::value value) {
    switch (type) {
      case od::json_type::string: {
        const std::string_view token = trimmed(value.raw_json_token());
        std::string_view text;
        return !value.get_string().get(text) && put_text(which, text, Out{*this, token});
      }
      case od::json_type::number: {
        const std::string_view token = trimmed(value.raw_json_token());
        return rules::is_number(token) && put_number(which, token, Out{*this, {}});
      }
      case od::json_type::boolean: {
        bool truth = false;
        return which == rules::supervisor && !value.get_bool().get(truth) && Out{*this, {}}.truth(truth);
      }
      case od::json_type::object:
        return which == rules::metadata && walk(value, rules::max_depth);
      default:
        return false;
    }
  }
  bool walk(od::value value, int depth) {
    od::json_type type;
    if (value.type().get(type)) return false;
    bool any = false;
    switch (type) {
      case od::json_type::object: {
        od::object object;
        if (depth <= 0 || value.get_object().get(object)) return false;
        out_.put('{');
        for (auto field : object) {
          std::string_view key;
          od::value member;
          if (field.unescaped_key().get(key) || field.value().get(member)) return false;
          if (std::exchange(any, true)) out_.put(',');
          if (!out_.escaped(key)) return false;
          out_.put(':');
          if (!walk(member, depth - 1)) return false;
        }
        out_.put('}');
        return true;
      }
      case od::json_type::array: {
        od::array array;
        if (depth <= 0 || value.get_array().get(array)) return false;
        out_.put('[');
        for (auto element : array) {
          od::value item;
          if (element.get(item)) return false;
          if (std::exchange(any, true)) out_.put(',');
          if (!walk(item, depth - 1)) return false;
        }
        out_.put(']');
        return true;
      }
      case od::json_type::string: {
        const std::string_view token = trimmed(value.raw_json_token());
        std::string_view text;
        if (value.get_string().get(text)) return false;
        out_.copy(token);
        return true;
      }
      case od::json_type::number: {
        const std::string_view token = trimmed(value.raw_json_token());
        return rules::is_number(token) && Out{*this, {}}.number(token);
      }
      case od::json_type::boolean: {
        bool truth = false;
        return !value.get_bool().get(truth) && Out{*this, {}}.truth(truth);
      }
      case od::json_type::null:
        return is_null(value) && (out_.copy("null"), true);
    }
    return false;
  }
  static std::string_view trimmed(std::string_view token) {
    return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  }
  // A template, since versions of simdjson differ in what `is_null` returns.
  template <class Value>
  static bool is_null(Value& value) {
    if constexpr (requires(bool truth) { value.is_null().get(truth); }) {
      bool null = false;
      return !value.is_null().get(null) && null;
    } else {
      return value.is_null();
    }
  }

  static bool once(unsigned& seen, unsigned bit) noexcept {
    if (seen & bit) return false;
    seen |= bit;
    return true;
  }
  static bool text(od::value value, std::string& out) {
    std::string_view view;
    if (value.get_string().get(view)) return false;
    out.assign(view);
    return true;
  }
  template <class Visit>
  static bool members(od::object object, const Visit& visit) {
    for (auto field : object) {
      std::string_view name;
      od::value value;
      if (field.unescaped_key().get(name) || field.value().get(value) || !visit(name, value)) return false;
    }
    return true;
  }
  template <class Visit>
  static bool members(od::value value, const Visit& visit) {
    od::object object;
    return !value.get_object().get(object) && members(object, visit);
  }
  static bool routing(od::value value, RoutingData& out) {
    unsigned seen = 0;
    const bool read = members(value, [&](std::string_view name, od::value part) {
      if (name == "orgId") return once(seen, 1) && text(part, out.orgId);
      if (name != "skillGroup") return true;
      if (!once(seen, 2)) return false;
      unsigned inner = 0;
      const bool group = members(part, [&](std::string_view key, od::value content) {
        if (key == "id") return once(inner, 1) && text(content, out.skillGroup.id);
        return key != "name" || (once(inner, 2) && text(content, out.skillGroup.name));
      });
      return group && inner == 3;
    });
    return read && seen == 3;
  }
  static bool attributes(od::value value, CustomAttributes& out) {
    unsigned seen = 0;
    const bool read = members(value, [&](std::string_view name, od::value part) {
      if (name == "ivr_state") return once(seen, 1) && text(part, out.ivr_state);
      if (name == "flow_node") return once(seen, 2) && text(part, out.flow_node);
      if (name == "last_updated") return once(seen, 4) && text(part, out.last_updated);
      if (name == "transition_id") return once(seen, 8) && text(part, out.transition_id);
      if (name == "customer_tier") return once(seen, 16) && text(part, out.customer_tier);
      if (name == "requires_supervisor") return once(seen, 32) && !part.get_bool().get(out.requires_supervisor);
      return name != "call_duration_seconds" || (once(seen, 64) && !part.get_int64().get(out.call_duration_seconds));
    });
    return read && seen == 127;
  }

  od::parser parser_, inner_parser_;
  Body padded_, inner_;
  Buffer out_;
};

}  // namespace

std::unique_ptr<Contender> make_simdjson() { return std::make_unique<Simdjson>(); }

}  // namespace patchbay::benchmarks
