// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <patchbay/testing/cloud_data.hpp>
#include <patchbay/time.hpp>

namespace patchbay::testing {

/// How an exchange ends, for whoever does the input and output.
enum class ServingEnd : std::uint8_t {
  answer,    ///< The response is to be sent, followed by the fault's filler.
  reset,     ///< The connection is to be ended without an answer.
  timeout,   ///< The connection is to be left without an answer.
  truncate,  ///< Half of the response is to be sent, then the connection ended.
};

/// One thing that a channel is to be sent.
class ChannelAction {
 public:
  enum class Kind : std::uint8_t { text, close, cut };

  ChannelAction(ChannelId to_in, Kind kind_in, std::string text_in, Duration wait_in = {}, std::uint16_t code_in = 0)
      : to(to_in), kind(kind_in), code(code_in), wait(wait_in), text(std::move(text_in)) {}

  ChannelId to;
  Kind kind;
  std::uint16_t code;
  Duration wait;  ///< From now.
  std::string text;
};

}  // namespace patchbay::testing
