// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/beast/impl/lookup.ipp>
#include <patchbay/beast/impl/tls.ipp>
#include <patchbay/beast/impl/wire.ipp>
#include <patchbay/beast/impl/connect.ipp>
