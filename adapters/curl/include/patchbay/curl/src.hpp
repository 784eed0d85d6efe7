// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// The definitions behind <patchbay/curl/blocking_transport.hpp> and <patchbay/curl/transport.hpp>. Include this in
// exactly one translation unit of a program that does not link the library `patchbay::curl`, and link libcurl 7.87 or
// later.

#include <patchbay/curl/impl/answer.ipp>
#include <patchbay/curl/impl/blocking_transport.ipp>
#include <patchbay/curl/impl/connections.ipp>
#include <patchbay/curl/impl/handle.ipp>
#include <patchbay/curl/impl/inbox.ipp>
#include <patchbay/curl/impl/lookups.ipp>
#include <patchbay/curl/impl/loop.ipp>
#include <patchbay/curl/impl/request.ipp>
#include <patchbay/curl/impl/transport.ipp>
