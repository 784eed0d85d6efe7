// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/cloud/detail/reused.hpp>
#include <patchbay/config.hpp>
#include <patchbay/http.hpp>
#include <patchbay/result.hpp>

namespace patchbay {
class JsonReader;  // json/read.hpp
}  // namespace patchbay

namespace patchbay::cloud::platform {

/// A record of a conversation's custom attributes: those of one schema, with the version that a write is locked by.
class AttributeRecord {
 public:
  AttributeRecord() = default;

  std::string id;
  std::string schema_id;                ///< Empty when the answer gives none.
  std::optional<std::int32_t> version;  ///< Nothing when the answer gives none; then nothing can be locked by it.
  std::string version_text;             ///< The same in digits; empty for none.
  std::string flow_node;                ///< As last written; see `has_flow_node`.
  bool has_flow_node = false;
  std::string ivr_state;      ///< Empty for none.
  std::string transition_id;  ///< Of the last writer that gave one; empty for none.

  PATCHBAY_DECL void clear() noexcept;
};

/// All records of one conversation. Used again, so that it allocates nothing warm.
class AttributeRecords {
 public:
  /// More are an error; there is one for each schema.
  static constexpr std::size_t max_records = 1000;

  AttributeRecords() = default;
  [[nodiscard]] std::span<const AttributeRecord> all() const noexcept { return records_.view(); }
  /// The record of that schema; null when there is none, so that a first one is to be made. With an empty `schema_id`
  /// the only record; of several `invalid_argument`, for then nobody knows which is meant.
  [[nodiscard]] PATCHBAY_DECL Result<const AttributeRecord*> find(std::string_view schema_id) const;
  void clear() noexcept { records_.clear(); }

 private:
  friend PATCHBAY_DECL Result<void> parse_attribute_records(const Body& body, JsonReader& reader,
                                                            AttributeRecords& out);
  detail::Reused<AttributeRecord> records_;
};

/// Reads the answer to `GET /api/v2/conversations/{id}/customattributes`; no records are no error. Attributes of other
/// types than text count as their JSON text. `malformed_response`, with the member's name, for a value of a wrong type
/// in `results`, which must be there, or a record's `id`, `version` (a whole number of 32 bits, not negative) or `customAttributes`, and for
/// a record without `id`.
PATCHBAY_DECL Result<void> parse_attribute_records(const Body& body, JsonReader& reader, AttributeRecords& out);

/// Replaces `out` by the members that a transition writes, `ivr_state`, `flow_node`, `last_updated` and
/// `transition_id`, then `variables`, which are encoded members; without braces, as the functions below take them.
PATCHBAY_DECL void encode_transition_members(std::string& out, std::string_view node, std::string_view timestamp,
                                             std::string_view transition_id, std::string_view variables);

/// The body of a `PATCH` of custom attributes, which merges: `{"id":…,"version":…,"customAttributes":{…}}`, with
/// encoded `members`. Without a version nothing is locked. Returns the size of the attributes object in bytes.
PATCHBAY_DECL std::size_t encode_record_patch(std::string& out, std::string_view record_id,
                                              std::optional<std::int32_t> version, std::string_view members);
/// The body of the `PUT` that makes a first record: `{"id":…,"schemaId":…,"version":0,"customAttributes":{…}}`. The id is
/// the caller's choice, a UUID. The version is that of no record: where writers choose the same id, the second is refused
/// and does not replace the first one's. Returns the size of the attributes object in bytes.
PATCHBAY_DECL std::size_t encode_first_record(std::string& out, std::string_view record_id, std::string_view schema_id,
                                              std::string_view members);

/// The body of a `PATCH` of a participant's attributes, `{"attributes":{…}}`, where every value is text: of encoded
/// `members` strings stay as they are, anything else becomes its JSON text. Returns the size of the attributes object
/// in bytes. `validation_failed`, which names it, for a member that is null, since the platform takes none;
/// `invalid_argument` for what are no members.
PATCHBAY_DECL Result<std::size_t> encode_participant_attributes(std::string& out, std::string_view members,
                                                                JsonReader& reader);

}  // namespace patchbay::cloud::platform

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform_attributes.ipp>
#endif
