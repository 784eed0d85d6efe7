// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/cloud/scratch.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// An interaction as one answer of the cloud showed it. Used again between readings, so that it allocates nothing warm.
class InteractionSnapshot {
 public:
  std::string id;
  std::string etag;       ///< What a write is locked by: the strong ETag, ready for `If-Match`, or what the dialect has in
                          ///< its place. Empty for none.
  bool weak_etag = false; ///< The answer had an ETag that cannot lock anything.
  std::string state;
  std::string skill_group_id;
  std::string organisation_id;
  std::string flow_node;      ///< As last written; see `has_flow_node`.
  bool has_flow_node = false;
  std::string transition_id;  ///< Of the last writer that gave one; empty when none did.
  std::string participant_id; ///< Whose flow it is, where a conversation has several parties; else empty.
  bool over = false;          ///< Nothing can happen to it any more, whatever the state is called.
  std::optional<bool> held;
  std::optional<WallTime> held_since;  ///< By the cloud's clock; nothing when it does not say.
  Scratch scratch;  ///< The dialect's, for its next reading; no part of what was shown.

  void clear() noexcept {
    id.clear(), etag.clear(), state.clear(), skill_group_id.clear(), organisation_id.clear();
    flow_node.clear(), transition_id.clear(), participant_id.clear();
    weak_etag = has_flow_node = over = false;
    held.reset(), held_since.reset();
  }
  /// Whether nothing can happen to the interaction any more.
  [[nodiscard]] bool final() const noexcept { return over || state == "closed" || state == "abandoned"; }
};

/// Whether `text` can stand in `If-Match` as it is: a strong entity tag (RFC 9110 section 8.8.3), or the bare word that
/// some servers send in its place. Never `*`, never weak, nothing that could break out of a header (hazard A3).
[[nodiscard]] constexpr bool is_strong_etag(std::string_view text) noexcept {
  if (text.empty() || text.size() > 512 || text == "*" || text.starts_with("W/") || text.starts_with("w/")) return false;
  const bool quoted = text.front() == '"';
  if (quoted && (text.size() < 2 || text.back() != '"')) return false;
  if (quoted) text = text.substr(1, text.size() - 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '"' || (!quoted && c == ',')) return false;
  }
  return quoted || !text.empty();
}

}  // namespace patchbay
