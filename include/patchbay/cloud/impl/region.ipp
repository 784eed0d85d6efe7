// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <string>
#include <string_view>

#include <patchbay/cloud/region.hpp>

namespace patchbay {

namespace detail {

/// The domain in a URL or host of a region, or nothing when there is none: what was meant, for the message. Nothing of what
/// a URL may hold beside its host is repeated.
[[nodiscard]] inline std::string_view meant_domain(std::string_view text) noexcept {
  if (const std::size_t scheme = text.find("//"); scheme != std::string_view::npos) text.remove_prefix(scheme + 2);
  text = text.substr(0, text.find_first_of("/?#\\"));
  if (const std::size_t user = text.rfind('@'); user != std::string_view::npos) text.remove_prefix(user + 1);
  text = text.substr(0, text.find(':'));
  if (fault_of_domain(text) == DomainFault::host) text.remove_prefix(text.find('.') + 1);
  return fault_of_domain(text) == DomainFault::none ? text : std::string_view{};
}

}  // namespace detail

PATCHBAY_DECL Result<Region> Region::parse(std::string_view name_or_domain, std::string_view what) {
  if (const auto found = find(name_or_domain)) return *found;
  std::string message(what);
  const auto refuse = [&](std::string_view why) { return fail(ErrorCode::invalid_settings, message.append(": ").append(why)); };
  const std::string_view meant = detail::meant_domain(name_or_domain);
  const auto instead = [&](std::string why) {
    why.append("; give the region's domain alone, ");
    return refuse(meant.empty() ? why.append("such as mypurecloud.ie") : why.append("which is ").append(meant));
  };
  switch (detail::fault_of_domain(name_or_domain)) {
    case detail::DomainFault::empty: return refuse("is empty; give the region's name or domain, there is no default");
    case detail::DomainFault::url: return instead("is an address, or part of one");
    case detail::DomainFault::host: return instead("is one of a region's hosts");
    case detail::DomainFault::address: return refuse("is the number of a host; name base_url and login_url themselves where there is no domain");
    case detail::DomainFault::unnamed: return refuse("is neither the name of a known region nor a domain; give the domain of a region that is newer than this program");
    case detail::DomainFault::too_long: return refuse("is longer than a domain can be");
    case detail::DomainFault::malformed:
    case detail::DomainFault::none: break;
  }
  return refuse("is no domain: expected labels of letters, digits and inner hyphens, joined by dots, such as mypurecloud.ie");
}

}  // namespace patchbay
