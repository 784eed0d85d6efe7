// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/beast/impl/tls_engine.ipp>
#include <patchbay/beast/impl/pool.ipp>
#include <patchbay/beast/impl/exchanges.ipp>
#include <patchbay/beast/impl/pool_timers.ipp>
#include <patchbay/beast/impl/links.ipp>
#include <patchbay/beast/impl/link_sharing.ipp>
#include <patchbay/beast/impl/link_traffic.ipp>
