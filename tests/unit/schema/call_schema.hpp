// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

// A schema with a member of each kind, for the tests of what is nested, repeated, renamed and absent.
namespace patchbay_test {

/// Has no default constructor.
struct Queue {
  Queue(std::string name_in, patchbay::HoldPriority level_in, std::optional<patchbay::Uuid> id_in = std::nullopt)
      : name(std::move(name_in)), level(level_in), id(id_in) {}
  friend bool operator==(const Queue&, const Queue&) = default;

  BOOST_HANA_DEFINE_STRUCT(Queue, (std::string, name), (patchbay::HoldPriority, level),
                           (std::optional<patchbay::Uuid>, id));
};

struct Routing {
  friend bool operator==(const Routing&, const Routing&) = default;

  BOOST_HANA_DEFINE_STRUCT(Routing, (std::vector<Queue>, queues), (std::map<std::string, Queue>, fallbacks),
                           (std::optional<std::vector<std::string>>, skills));
};

struct Call {
  friend bool operator==(const Call&, const Call&) = default;

  BOOST_HANA_DEFINE_STRUCT(Call, (std::string, caller), (Routing, routing), (std::vector<std::optional<bool>>, answers),
                           (std::map<std::string, std::vector<int>>, marks),
                           (std::optional<patchbay::NonEmpty<std::vector<double>>>, scores),
                           (std::optional<patchbay::JsonObject>, extra));
};

}  // namespace patchbay_test
