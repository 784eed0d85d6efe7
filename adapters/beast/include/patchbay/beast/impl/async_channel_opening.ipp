// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <chrono>
#include <cstring>  // memcpy
#include <exception>

#include <patchbay/beast/impl/async_channel_state.hpp>

/// A channel's opening: the upgrade on a connection of the pool's, or the answer that refuses it.
namespace patchbay::beast {

void AsyncChannel::State::connected(detail::LoopWire made) noexcept {
  Lock lock(mutex);
  if (phase != Phase::connecting || !executor) return;
  phase = Phase::upgrading;
  wire.emplace(std::move(made));
  timer.emplace(executor);
  context = &boost::asio::query(executor, boost::asio::execution::context);
  try {
    stream.emplace(static_cast<detail::LoopStreamBase&>(*this));
    inbox.set_up(*stream, request->max_message);
    stream->set_option(boost::beast::websocket::stream_base::decorator(
        [this](boost::beast::websocket::request_type& upgrade) { detail::write_upgrade(upgrade, *request); }));
    watch(after(std::chrono::steady_clock::now(), pool->options().handshake_timeout));
    const boost::beast::string_view target(request->target.data(), request->target.size());
    stream->async_handshake(request->endpoint->authority(), target, [this](error_code ec) { upgraded(ec); });
  } catch (const std::exception& e) {
    end_opening(detail::describe(TransportFault::reset, delivery(0), e.what()));
  }
  tell(lock);
}

void AsyncChannel::State::failed(TransportError error) noexcept {
  Lock lock(mutex);
  if (phase != Phase::connecting) error.delivery = delivery(0);
  if (phase < Phase::open) end_opening(std::move(error));
  tell(lock);
}

void AsyncChannel::State::upgraded(error_code ec) {
  if (phase != Phase::upgrading) return;
  if (!ec) {
    gate.open();
    // The decorator refers to the request, which ends with the opening.
    stream->set_option(
        boost::beast::websocket::stream_base::decorator([](boost::beast::websocket::request_type&) {}));
    unwatch();
    phase = Phase::open;
    opening_ended = true;
  } else if (gate.shut()) {
    phase = Phase::refused;
    answer = std::make_unique<detail::AnswerReader>();
    answer->begin(*refusal, pool->options().max_header_bytes, detail::max_refusal_body, true);
    for (std::string_view seen = gate.seen(); !seen.empty() && phase == Phase::refused;) {
      const auto room = answer->room();
      if (!room) return end_opening(room.error());
      const std::size_t n = std::min(seen.size(), room->size());
      std::memcpy(room->data(), seen.data(), n);
      seen.remove_prefix(n);
      refused_so_far(answer->took(n));
    }
    if (phase == Phase::refused) read_refusal();
  } else {
    end_opening(detail::upgrade_failure(ec, delivery(0)));
  }
}

void AsyncChannel::State::read_refusal() {
  const auto room = answer->room();
  if (!room) return end_opening(room.error());
  start_read(*room);
}

void AsyncChannel::State::refused_so_far(TransportResult<detail::Progress> progress) {
  if (!progress) return end_opening(std::move(progress.error()));
  if (*progress != detail::Progress::more) end_opening(detail::upgrade_refused());
}

void AsyncChannel::State::end_opening(TransportError error) noexcept {
  phase = Phase::over;
  opening_error.emplace(std::move(error));
  opening_ended = true;
  cut();
  unwatch();
}

}  // namespace patchbay::beast
