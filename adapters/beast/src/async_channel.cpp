// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/beast/impl/async_channel_opening.ipp>
#include <patchbay/beast/impl/async_channel_wire.ipp>
#include <patchbay/beast/impl/async_channel.ipp>
