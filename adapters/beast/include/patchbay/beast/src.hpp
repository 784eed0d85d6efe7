// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// The definitions behind <patchbay/beast/blocking_transport.hpp> and <patchbay/beast/transport.hpp>. Include this in
// exactly one translation unit of a program that does not link the library `patchbay::beast`, and link OpenSSL and the
// threads library.

#include <patchbay/beast/impl/message.ipp>
#include <patchbay/beast/impl/answer_reader.ipp>
#include <patchbay/beast/impl/lookup.ipp>
#include <patchbay/beast/impl/tls.ipp>
#include <patchbay/beast/impl/tls_engine.ipp>
#include <patchbay/beast/impl/wire.ipp>
#include <patchbay/beast/impl/connect.ipp>
#include <patchbay/beast/impl/http.ipp>
#include <patchbay/beast/impl/pool.ipp>
#include <patchbay/beast/impl/exchanges.ipp>
#include <patchbay/beast/impl/pool_timers.ipp>
#include <patchbay/beast/impl/links.ipp>
#include <patchbay/beast/impl/link_sharing.ipp>
#include <patchbay/beast/impl/link_traffic.ipp>
#include <patchbay/beast/impl/websocket.ipp>
#include <patchbay/beast/impl/async_channel_opening.ipp>
#include <patchbay/beast/impl/async_channel_wire.ipp>
#include <patchbay/beast/impl/async_channel.ipp>
