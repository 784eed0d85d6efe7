// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chaos {

/// What the proxy does to those who talk through it. The first two strike a connection when it is accepted, the others
/// one direction of its bytes.
enum class Kind : std::uint8_t {
  refuse,      ///< Reset at once, and for a while nobody is let in: connects are refused by the system.
  mute,        ///< Accepted, read, and never answered; reset after a while.
  delay,       ///< Nothing passes for a short while.
  dribble,     ///< The next few bytes pass one by one.
  stall,       ///< Nothing passes for long; longer than some deadlines.
  reset,       ///< Both ends see a reset: before, amid or behind what was just sent.
  half_close,  ///< The receiver sees the end of the stream; the other direction goes on.
  truncate,    ///< The receiver gets a part of what was sent, and both ends see an orderly end.
  corrupt,     ///< A few bits of one byte are turned.
};
inline constexpr std::size_t kind_count = 9;
inline constexpr std::array<std::string_view, kind_count> kind_names{
    "refuse", "mute", "delay", "dribble", "stall", "reset", "half_close", "truncate", "corrupt"};

[[nodiscard]] constexpr std::size_t index(Kind kind) noexcept { return static_cast<std::size_t>(kind); }
[[nodiscard]] constexpr bool strikes_connections(Kind kind) noexcept { return index(kind) < index(Kind::delay); }

/// How often each kind strikes: those of connections in a thousand of them, the others in a MiB of one direction.
class Mix {
 public:
  std::array<double, kind_count> rates{};

  [[nodiscard]] double rate(Kind kind) const noexcept { return rates[index(kind)]; }

  /// Corruption is left out: without TLS it may turn one true message into another, which no end could notice.
  [[nodiscard]] static Mix usual() noexcept {
    Mix out;
    out.rates = {5, 2, 40, 10, 3, 20, 4, 6, 0};
    return out;
  }
  /// Of `reset=20,delay=40`; what is not named never strikes. Nothing for an unknown name or a rate that is none.
  [[nodiscard]] static std::optional<Mix> parse(std::string_view text) {
    Mix out;
    while (!text.empty()) {
      const std::string_view each = text.substr(0, text.find(','));
      text.remove_prefix(each.size() < text.size() ? each.size() + 1 : each.size());
      const std::size_t equals = each.find('=');
      if (equals == std::string_view::npos) return std::nullopt;
      const std::string_view value = each.substr(equals + 1);
      double rate = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rate);
      if (error != std::errc{} || end != value.data() + value.size() || !(rate >= 0) || rate > 1e6) return std::nullopt;
      bool known = false;
      for (std::size_t i = 0; i < kind_count; ++i)
        if (each.substr(0, equals) == kind_names[i]) known = true, out.rates[i] = rate;
      if (!known) return std::nullopt;
    }
    return out;
  }
};

}  // namespace chaos
