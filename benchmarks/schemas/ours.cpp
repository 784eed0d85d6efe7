// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Our side: three types, and nothing else that knows the rules.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/hold_dialect.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include "work.hpp"

namespace patchbay::benchmarks {

struct CallVariables {
  BOOST_HANA_DEFINE_STRUCT(CallVariables, (std::string, customer_tier), (Bounded<int, 0, 86400>, call_duration_seconds),
                           (bool, requires_supervisor), (Number, account_balance),
                           (OneOf<"en-US", "de-DE", "fr-FR">, language), (Uuid, conversation_id),
                           (std::optional<MaxLength<120>>, note), (JsonObject, routing_metadata));
};

}  // namespace patchbay::benchmarks

BOOST_HANA_ADAPT_STRUCT(patchbay::benchmarks::SkillGroup, id, name);
BOOST_HANA_ADAPT_STRUCT(patchbay::benchmarks::RoutingData, skillGroup, orgId);
BOOST_HANA_ADAPT_STRUCT(patchbay::benchmarks::CustomAttributes, ivr_state, flow_node, last_updated, transition_id,
                        customer_tier, call_duration_seconds, requires_supervisor);
BOOST_HANA_ADAPT_STRUCT(patchbay::benchmarks::Interaction, id, state, routingData, customAttributes, held);

namespace patchbay::benchmarks {
namespace {

class Ours final : public Contender {
 public:
  // What `Unknown::ignore` steps over is checked as UTF-8 and for its brackets, and no further.
  Ours() : Contender("patchbay", skipped_values) {}

  std::string_view hold(const Hold& command) override {
    const auto interaction = Uuid::make(command.interaction);
    const auto reason = HoldReason::make(command.reason);
    const auto priority = HoldPriority::make(command.priority);
    if (!interaction || !reason || !priority) return {};
    HoldCommand typed(*interaction, *reason, *priority);
    if (command.music && !media(*command.music, typed.holdMusic)) return {};
    if (command.prompt && !media(*command.prompt, typed.holdPrompt)) return {};
    return write(typed);
  }
  std::string_view valid_hold() override { return write(made_); }

  std::string_view coerce(std::string_view json) override {
    out_.assign("{");
    schema<CallVariables>.coerce(json, reader_, {}, violations_, out_);
    out_.push_back('}');
    return judged();
  }

  bool decode(const Body& answer, Interaction& out) override {
    auto typed = schema<Interaction, SchemaOptions{.unknown = Unknown::ignore}>.decode(answer.view(), reader_);
    if (typed) out = *std::move(typed);
    return typed.has_value();
  }

 private:
  std::string_view write(const HoldCommand& typed) {
    out_.assign(R"({"type":"hold",)");
    schema<HoldCommand>.encode(typed, DocumentsHoldDialect::reserved_members, violations_, out_);
    out_.push_back('}');
    return judged();
  }
  static bool media(std::string_view name, std::optional<MediaFile>& out) {
    auto made = MediaFile::make(name);
    if (made) out.emplace(std::move(*made));
    return made.has_value();
  }
  std::string_view judged() {
    if (violations_.empty()) return out_;
    violations_.clear();
    return {};
  }

  JsonReader reader_;
  const HoldCommand made_{"550e8400-e29b-41d4-a716-446655440000", "consultation", 5,
                          MediaFile("hold_music_standard.wav"), MediaFile("please_remain_on_the_line.wav")};
  std::string out_;
  std::vector<Violation> violations_;
};

}  // namespace

std::unique_ptr<Contender> make_ours() { return std::make_unique<Ours>(); }

}  // namespace patchbay::benchmarks
