// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/testing/platform_data.hpp>
#include <patchbay/testing/simulation/invariants/records.hpp>
#include <patchbay/testing/simulation/invariants/scan.hpp>
#include <patchbay/testing/simulation/witness.hpp>

namespace patchbay::testing::simulation {

/// How requests and answers say, in one dialect, what whoever judges a run wants to know: read with readers of their own.
///
/// Versions are told as the documents' dialect has them, `"7"` with its quotes, whatever stands on the wire; `"0"` is that
/// of a record that is not there yet.
class Wire {
 public:
  enum class Form : std::uint8_t {
    interactions,
    platform_records,     ///< Custom attributes of conversations, locked by a version in the body.
    platform_attributes,  ///< A participant's, which nothing locks.
  };

  Wire() = default;
  explicit Wire(Form form) noexcept : form_(form) {}

  /// Whether writes are locked by a version.
  [[nodiscard]] bool locks() const noexcept { return form_ != Form::platform_attributes; }
  /// Whether writes name what they change by a version in their body.
  [[nodiscard]] bool locks_in_body() const noexcept { return form_ == Form::platform_records; }
  /// Whether holds travel as requests, which name nobody's operation; what comes of them is shown by readings and events.
  [[nodiscard]] bool holds_by_request() const noexcept { return form_ != Form::interactions; }
  /// Whether an answer with a flow does not say which version of it that is.
  [[nodiscard]] bool flows_unnamed() const noexcept { return form_ != Form::interactions; }
  /// How many exchanges a transition takes when nothing goes wrong: a token, the flow, its readings, the write and a proof.
  [[nodiscard]] std::size_t exchanges_of_one() const noexcept { return form_ == Form::platform_records ? 6 : 5; }

  [[nodiscard]] ExchangeClass kind_of(const ExchangeView& view) const noexcept {
    if (view.opening) return ExchangeClass::opening;
    const std::string_view path = view.target.substr(0, view.target.find('?'));
    if (path.ends_with("/oauth/token")) return ExchangeClass::token;
    if (form_ != Form::interactions && path.find("/notifications/") != std::string_view::npos) return ExchangeClass::channel;
    if (path.find("/flows/") != std::string_view::npos) return ExchangeClass::flow;
    if (path.find(collection()) == std::string_view::npos) return ExchangeClass::webhook;
    if (form_ != Form::interactions && view.method == "PATCH") {
      const std::size_t party = path.find("/participants/");
      if (party != std::string_view::npos && path.find('/', party + 14) == std::string_view::npos) return ExchangeClass::command;
      if (view.by_holds) return ExchangeClass::reason;
    }
    return view.method == "GET" ? ExchangeClass::read : ExchangeClass::write;
  }
  /// How a conversation, as a reading or an event shows it, has the party that may be held; nothing when it shows none.
  [[nodiscard]] static std::optional<ShownHold> hold_of(std::string_view conversation) {
    const std::string id = plain::JsonScan::text_member(conversation, "id");
    std::optional<ShownHold> out;
    plain::JsonScan::elements(plain::JsonScan::member(conversation, "participants"), [&](std::string_view each) {
      const bool nested = !plain::JsonScan::member(each, "calls").empty();
      std::string user = plain::JsonScan::text_member(each, "userId");
      if (user.empty()) user = plain::JsonScan::text_member(plain::JsonScan::member(each, "user"), "id");
      if (user != platform_user) return;
      std::string_view call = each;
      if (nested)
        plain::JsonScan::elements(plain::JsonScan::member(each, "calls"), [&](std::string_view one) { call = one; });
      const std::string state = plain::JsonScan::text_member(call, "state");
      const bool gone = state == "disconnected" || state == "terminated";
      if (out && gone) return;  // the party that is there, else the last that was
      out.emplace();
      out->interaction = plain::lower(id);
      out->held = plain::JsonScan::member(call, "held") == "true";
      out->over = gone;
    });
    if (out && !plain::JsonScan::member(conversation, "endTime").empty()) out->over = true;
    return out;
  }
  /// Whose reading or write it is, in lower case.
  [[nodiscard]] std::string interaction_of(std::string_view target) const {
    std::string_view path = target.substr(0, target.find('?'));
    path.remove_prefix(path.find(collection()) + collection().size());
    if (path.starts_with("calls/")) path.remove_prefix(6);  // the same conversation, by its kind
    return plain::lower(path.substr(0, path.find('/')));
  }
  /// Whom a hold or a release names.
  [[nodiscard]] static std::string party_of(std::string_view target) {
    constexpr std::string_view before = "/participants/";
    const std::size_t at = target.find(before);
    if (at == std::string_view::npos) return {};
    target.remove_prefix(at + before.size());
    return std::string(target.substr(0, target.find_first_of("/?")));
  }
  /// The attributes that a write carries, as a raw object; empty when there are none.
  [[nodiscard]] std::string_view attributes_of(std::string_view body) const {
    return plain::JsonScan::member(body, form_ == Form::platform_attributes ? "attributes" : "customAttributes");
  }
  /// The version that a write is locked by, if it names one.
  [[nodiscard]] std::optional<std::string> lock_of(const ExchangeView& view) const {
    if (form_ == Form::interactions) {
      if (view.request == nullptr || !view.request->has_header("If-Match")) return std::nullopt;
      return std::string(view.request->header("If-Match"));
    }
    const std::string_view version = form_ == Form::platform_records ? plain::JsonScan::member(view.body, "version") : std::string_view{};
    if (version.empty()) return std::nullopt;
    return std::string("\"").append(version).append("\"");
  }
  /// What the answer to a reading or a write shows; false when it shows no interaction that could be written.
  [[nodiscard]] bool read(std::string_view target, const HttpResponse& response, bool write, Reading& out) const {
    const std::string_view body = response.body.view();
    const bool object = plain::JsonScan::members(body, [](std::string_view, std::string_view) {});
    if (!object && !write) return false;
    if (form_ != Form::interactions) return !write && read_platform(target.substr(0, target.find('?')), body, out);
    if (const auto header = response.headers.find("ETag")) {
      out.etag = *header;
    } else if (object) {
      out.etag = plain::JsonScan::text_member(body, "etag");
    }
    if (!object) return true;
    take_attributes(plain::JsonScan::member(body, "customAttributes"), out);
    if (write) return true;
    const std::string_view held = plain::JsonScan::member(body, "held");
    if (held == "true" || held == "false") out.held = held == "true";
    const std::string state = plain::JsonScan::text_member(body, "state");
    out.over = state == "closed" || state == "abandoned";
    return true;
  }

 private:
  [[nodiscard]] std::string_view collection() const noexcept {
    return form_ == Form::interactions ? std::string_view("/interactions/") : std::string_view("/conversations/");
  }
  static void take_attributes(std::string_view attributes, Reading& out) {
    if (const std::string_view node = plain::JsonScan::member(attributes, "flow_node"); !node.empty() && node != "null") {
      out.has_node = true;
      out.node = plain::JsonScan::text_of(node).value_or(std::string(node));
    }
    out.transition_id = plain::JsonScan::text_member(attributes, "transition_id");
  }
  [[nodiscard]] bool read_platform(std::string_view path, std::string_view body, Reading& out) const {
    const bool of_records = path.ends_with("/customattributes");
    if (of_records != (form_ == Form::platform_records)) return false;  // whether the conversation is over, and no more
    if (of_records) {
      out.etag = "\"0\"";
      plain::JsonScan::elements(plain::JsonScan::member(body, "results"), [&out](std::string_view record) {
        const std::string_view version = plain::JsonScan::member(record, "version");
        out.etag = version.empty() ? std::string{} : std::string("\"").append(version).append("\"");
        take_attributes(plain::JsonScan::member(record, "customAttributes"), out);
      });
      return true;
    }
    plain::JsonScan::elements(plain::JsonScan::member(body, "participants"), [&out](std::string_view each) {
      if (plain::JsonScan::text_member(each, "purpose") != "ivr") return;
      out.has_node = false;
      take_attributes(plain::JsonScan::member(each, "attributes"), out);
    });
    return true;
  }

  Form form_ = Form::interactions;
};

}  // namespace patchbay::testing::simulation
