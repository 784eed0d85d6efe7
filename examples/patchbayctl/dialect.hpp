// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <variant>

#include <patchbay/cloud/interactions.hpp>
#include <patchbay/cloud/platform.hpp>

namespace patchbayctl {

class Configuration;  // configuration.hpp

/// The dialect that the command line asks for. Which it is, is known at run time alone.
using SpokenDialect = std::variant<patchbay::cloud::Interactions, patchbay::cloud::Platform>;

/// Makes a `Made` of the dialect that is spoken: a door's dialect is a policy, so there is a door for each of them.
template <class Base, template <class> class Made>
[[nodiscard]] std::unique_ptr<Base> make_speaking(const SpokenDialect& spoken, const Configuration& configuration) {
  return std::visit(
      [&]<class Dialect>(const Dialect& dialect) -> std::unique_ptr<Base> {
        return std::make_unique<Made<Dialect>>(configuration, dialect);
      },
      spoken);
}

}  // namespace patchbayctl
