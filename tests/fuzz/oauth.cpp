// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The login host's answers: an input is the body of one, which is read as a grant and as a refusal. What it says is
// reckoned a second time by a slow reader of JSON. Credentials of the same text are read back as a server reads them.
#include "fuzz/law.hpp"
#include "support/json_tree.hpp"

#include <patchbay/cloud/documents_dialect.hpp>
#include <patchbay/cloud/error_body.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/oauth.hpp>
#include <patchbay/testing/detail/wire_text.hpp>

#include <cmath>
#include <cstddef>
#include <cstdlib>  // strtod
#include <string>
#include <string_view>
#include <vector>

using namespace patchbay;
using patchbay_fuzz::law;
using patchbay_test::JsonTree;

namespace {

bool is_null(const JsonTree& value) { return value.kind == JsonTree::Kind::literal && value.text == "null"; }

/// Sets `to` as a member that should be a string does; false when it is of another type.
bool text(const JsonTree& value, std::string& to) {
  if (value.kind != JsonTree::Kind::string && !is_null(value)) return false;
  to = is_null(value) ? std::string() : value.text;
  return true;
}

bool printable(std::string_view of, unsigned char from) {
  for (const char c : of)
    if (static_cast<unsigned char>(c) < from || static_cast<unsigned char>(c) > 0x7e) return false;
  return true;
}

class Expected {
 public:
  explicit Expected(const JsonTree& tree) {
    if (tree.kind != JsonTree::Kind::object) return;
    fine = true;
    for (std::size_t i = 0; i < tree.names.size() && fine; ++i) {
      const std::string& name = tree.names[i];
      const JsonTree& value = tree.items[i];
      if (name == "access_token") fine = text(value, token);
      if (name == "token_type") fine = text(value, type);
      if (name == "scope") has_scope = !is_null(value), fine = text(value, scope);
      if (name == "expires_in" && !is_null(value)) {
        expires_in = value.kind == JsonTree::Kind::number ? std::strtod(value.text.c_str(), nullptr) : std::nan("");
        good_lifetime = std::isfinite(expires_in) && expires_in > 0;
      }
    }
    std::string lower = type;
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    fine = fine && !token.empty() && printable(token, 0x21) && (lower.empty() || lower == "bearer") && good_lifetime;
  }
  bool fine = false, has_scope = false, good_lifetime = true;
  double expires_in = -1;
  std::string token, type, scope;
};

void check_grant(const HttpResponse& response, const JsonTree* tree, JsonReader& reader) {
  const std::string_view body = response.body.view();
  DocumentsDialect::Grant grant;
  const auto read = DocumentsDialect::parse_grant(response, reader, grant);
  if (read) {
    law(!grant.access_token.empty() && printable(grant.access_token.reveal(), 0x21), "a token that a header can carry",
        {body});
    law(std::isfinite(grant.expires_in) && (grant.expires_in > 0 || grant.expires_in == -1),
        "a lifetime that is one, or none", {body});
  } else {
    law(!read.error().why.empty(), "the error says why", {body});
  }
  if (!tree) return;
  const Expected expected(*tree);
  law(read.has_value() == expected.fine, "what is a grant",
      {body, read ? std::string_view("a grant") : read.error().why});
  if (!read) return;
  law(grant.access_token.reveal() == expected.token, "which token", {body});
  law(grant.has_scope == expected.has_scope && grant.scope == expected.scope, "for what", {body});
  law(grant.expires_in == expected.expires_in, "for how long", {body});
}

bool is_code(std::string_view of) {
  for (const char c : of)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-')) return false;
  return !of.empty() && of.size() <= ErrorBody::code_limit;
}

/// The first member of that name that is a text `fits` takes; empty when there is none.
template <class Fits>
std::string first_text(const JsonTree& object, std::string_view name, Fits fits) {
  for (std::size_t i = 0; i < object.names.size(); ++i) {
    const JsonTree& value = object.items[i];
    if (object.names[i] == name && value.kind == JsonTree::Kind::string && fits(value.text)) return value.text;
  }
  return {};
}

/// The codes within an error, in their order.
void inner_codes(const JsonTree& object, int depth, std::vector<std::string>& out) {
  for (std::size_t i = 0; i < object.names.size(); ++i) {
    const bool details = object.names[i] == "details", errors = object.names[i] == "errors" && depth < ErrorBody::max_depth;
    if (object.items[i].kind != JsonTree::Kind::array || !(details || errors)) continue;
    for (const JsonTree& each : object.items[i].items) {
      if (each.kind != JsonTree::Kind::object) continue;
      for (std::size_t k = 0; k < each.names.size(); ++k) {
        const JsonTree& value = each.items[k];
        if (each.names[k] == (details ? "errorCode" : "code") && value.kind == JsonTree::Kind::string && is_code(value.text))
          out.push_back(value.text);
        if (details) continue;
        JsonTree one;  // the members keep their order, among codes and further errors
        one.kind = JsonTree::Kind::object;
        one.names = {each.names[k]};
        one.items = {value};
        inner_codes(one, depth + 1, out);
      }
    }
  }
}

void check_refusal(const HttpResponse& response, const JsonTree* tree, JsonReader& reader) {
  static ErrorBody told;  // used again, as it may be
  const std::string_view body = response.body.view();
  const bool found = parse_error_body(response.body, reader, told);
  law(told.code.empty() || is_code(told.code), "a code is one", {body, told.code});
  law(told.message.size() <= ErrorBody::message_limit && told.context_id.size() <= ErrorBody::code_limit &&
          told.inner_codes.size() <= ErrorBody::max_inner_codes,
      "what is told is bounded", {body});
  law(is_valid_utf8(told.message) && is_valid_utf8(told.context_id), "what is told can be shown", {body});
  law(found || (told.code.empty() && told.message.empty() && told.context_id.empty() && told.inner_codes.empty()),
      "what is no error's body says nothing", {body});
  if (!tree || body.size() > ErrorBody::largest_body) return;
  law(found == (tree->kind == JsonTree::Kind::object), "what is an error's body", {body});
  if (!found) return;
  std::string code = first_text(*tree, "code", is_code);
  if (code.empty()) code = first_text(*tree, "error", is_code);
  law(told.code == code, "which code", {body, told.code, code});
  const auto some = [](std::string_view text) { return !text.empty(); };
  std::string message;
  for (const char* name : {"message", "error_description", "description", "messageWithParams"})
    if (message.empty()) message = first_text(*tree, name, some);
  law(told.message == excerpt(message, ErrorBody::message_limit), "which message", {body, told.message, message});
  const std::string context = excerpt(first_text(*tree, "contextId", some), ErrorBody::code_limit);
  law(told.context_id == context, "which context", {body, told.context_id, context});
  std::vector<std::string> codes;
  inner_codes(*tree, 0, codes);
  for (const std::string& each : codes) {
    const bool kept = &each - codes.data() < static_cast<std::ptrdiff_t>(ErrorBody::max_inner_codes);
    law(!kept || told.names(each), "a code within is found", {body, each});
  }
  if (codes.size() > ErrorBody::max_inner_codes) codes.resize(ErrorBody::max_inner_codes);
  law(told.inner_codes == codes, "which codes within", {body});
}

/// What is sent to the login host: the same in its two forms, read back as a server reads it.
void check_credentials(std::string_view text) {
  std::string basic, form("a=");
  detail::append_base64(basic, text);
  const auto back = testing::detail::base64_decoded(basic);
  law(back && *back == text, "base64 says what it was given", {basic});
  append_form_encoded(form, text);
  const auto fields = testing::detail::parse_form(form);
  law(fields && fields->size() == 1 && (*fields)[0].first == "a" && (*fields)[0].second == text,
      "a form says what it was given", {form});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  HttpResponse response;
  response.body.assign(patchbay_fuzz::as_text(data, size));
  // What is skipped is not looked at, so only what is well formed, and not too deep, can be reckoned.
  auto tree = JsonTree::parse(response.body.view());
  check_grant(response, tree ? &*tree : nullptr, reader);
  check_refusal(response, tree ? &*tree : nullptr, reader);
  check_credentials(response.body.view());
  return 0;
}
