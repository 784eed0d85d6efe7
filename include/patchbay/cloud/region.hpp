// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// A region of the real cloud that has a name.
class NamedRegion {
 public:
  std::string_view name;    ///< As the platform spells it: `eu_west_1`.
  std::string_view domain;  ///< All hosts of the region end with it: `mypurecloud.ie`.
};

/// The regions that the platform has named (2026-10). The list grows, and no region needs a name: `Region` takes any domain.
inline constexpr std::array<NamedRegion, 18> named_regions{{
    {"us_east_1", "mypurecloud.com"},
    {"us_east_2", "use2.us-gov-pure.cloud"},
    {"us_west_2", "usw2.pure.cloud"},
    {"ca_central_1", "cac1.pure.cloud"},
    {"mx_central_1", "mxc1.pure.cloud"},
    {"sa_east_1", "sae1.pure.cloud"},
    {"eu_west_1", "mypurecloud.ie"},
    {"eu_west_2", "euw2.pure.cloud"},
    {"eu_central_1", "mypurecloud.de"},
    {"eu_central_2", "euc2.pure.cloud"},
    {"eusc_de_east_1", "edee1.eusc-pure.cloud"},
    {"me_central_1", "mec1.pure.cloud"},
    {"ap_south_1", "aps1.pure.cloud"},
    {"ap_southeast_1", "apse1.pure.cloud"},
    {"ap_southeast_2", "mypurecloud.com.au"},
    {"ap_northeast_1", "mypurecloud.jp"},
    {"ap_northeast_2", "apne2.pure.cloud"},
    {"ap_northeast_3", "apne3.pure.cloud"},
}};

namespace detail {

/// Why a text is no domain, and so no region; `none` when it is one.
enum class DomainFault : unsigned char { none, empty, url, host, address, unnamed, malformed, too_long };

[[nodiscard]] constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// The hosts of a region that the library or a client talks to.
inline constexpr std::array<std::string_view, 4> region_hosts{"api.", "login.", "apps.", "streaming."};

/// The length that a region's domain may have, so that each of its hosts is a name that can be looked up.
inline constexpr std::size_t max_domain = 253 - std::string_view("streaming.").size();

[[nodiscard]] constexpr DomainFault fault_of_domain(std::string_view text) noexcept {
  if (text.empty()) return DomainFault::empty;
  if (text.find_first_of(":/@?#\\") != std::string_view::npos) return DomainFault::url;
  if (text.size() > max_domain) return DomainFault::too_long;
  bool digits_alone = true;  // of the last label
  std::size_t label = 0, labels = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = lower(text[i]);
    if (c == '.') {
      if (label == 0 || text[i - 1] == '-') return DomainFault::malformed;
      label = 0, digits_alone = true, ++labels;
      continue;
    }
    const bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'z';
    // No underscore: the domains of no registry have one, and the names of all regions do.
    if (c == '_') return labels == 1 ? DomainFault::unnamed : DomainFault::malformed;
    if (!(letter || digit || (c == '-' && label != 0)) || ++label > 63) return DomainFault::malformed;
    digits_alone = digits_alone && digit;
  }
  if (label == 0 || text.back() == '-') return DomainFault::malformed;
  if (labels == 1) return DomainFault::unnamed;
  if (digits_alone) return DomainFault::address;
  for (const std::string_view host : region_hosts) {
    // `api.test` is a domain; `api.` before one is not a part of it.
    if (labels == 2 || text.size() <= host.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < host.size(); ++i) same = same && lower(text[i]) == host[i];
    if (same) return DomainFault::host;
  }
  return DomainFault::none;
}

/// No constant: its name is what a compiler says of a literal that is no region.
inline void this_is_no_region_give_its_name_or_its_domain_alone() noexcept {}

}  // namespace detail

/// A region of the real cloud: one domain, from which the addresses of all its hosts follow. A value; usable in constants.
///
/// No function of the library asks for it: it is the short way to two settings that belong together, since a login host
/// knows the clients of its own region alone and answers all others with `invalid_client`.
///
/// ```
/// const auto region = Region::parse("eu_west_1");       // or "mypurecloud.ie", or the domain of a region of tomorrow
/// if (!region) return report(region.error());
/// region->assign_to(settings.base_url, login.login_url);  // of Settings and TokenSettings
/// ```
class Region {
 public:
  /// The region of that name or domain, or nothing. Names are taken with `-` for `_` as well, all in any case.
  [[nodiscard]] static constexpr std::optional<Region> find(std::string_view name_or_domain) noexcept {
    for (const NamedRegion& each : named_regions)
      if (is_name(name_or_domain, each.name)) return Region(each.domain);
    if (detail::fault_of_domain(name_or_domain) != detail::DomainFault::none) return std::nullopt;
    return Region(name_or_domain);
  }
  /// The same for a text from outside: an error `invalid_settings` says what was given instead of a name or domain, and,
  /// for a URL or one of the region's hosts, what to give. It begins with `what`, the name of the setting.
  [[nodiscard]] static PATCHBAY_DECL Result<Region> parse(std::string_view name_or_domain, std::string_view what = "region");
  /// The same for a literal; what is neither a name nor a domain does not compile.
  [[nodiscard]] static consteval Region of(std::string_view name_or_domain) {
    const auto found = find(name_or_domain);
    if (!found) detail::this_is_no_region_give_its_name_or_its_domain_alone();
    return *found;
  }

  /// In lower case, without a host: `mypurecloud.ie`.
  [[nodiscard]] constexpr std::string_view domain() const noexcept { return {domain_.data(), size_}; }
  /// The name that the region has in `named_regions`; empty for another.
  [[nodiscard]] constexpr std::string_view name() const noexcept {
    for (const NamedRegion& each : named_regions)
      if (each.domain == domain()) return each.name;
    return {};
  }

  [[nodiscard]] std::string api_url() const { return url("https://api."); }      ///< For `Settings::base_url`.
  [[nodiscard]] std::string login_url() const { return url("https://login."); }  ///< For `TokenSettings::login_url`.
  [[nodiscard]] std::string apps_url() const { return url("https://apps."); }    ///< Of the user interface.
  /// Both at once: `region.assign_to(settings.base_url, tokens.login_url)`.
  void assign_to(std::string& base_url, std::string& login_url_out) const {
    base_url = api_url();
    login_url_out = login_url();
  }

  [[nodiscard]] friend constexpr bool operator==(const Region& a, const Region& b) noexcept { return a.domain() == b.domain(); }

 private:
  explicit constexpr Region(std::string_view domain) noexcept : size_(domain.size()) {
    for (std::size_t i = 0; i < domain.size(); ++i) domain_[i] = detail::lower(domain[i]);
  }
  [[nodiscard]] static constexpr bool is_name(std::string_view given, std::string_view name) noexcept {
    if (given.size() != name.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i)
      if ((given[i] == '-' ? '_' : detail::lower(given[i])) != name[i]) return false;
    return true;
  }
  [[nodiscard]] std::string url(std::string_view before) const { return std::string(before).append(domain()); }

  std::array<char, detail::max_domain> domain_{};
  std::size_t size_ = 0;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/region.ipp>
#endif
