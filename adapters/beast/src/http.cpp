// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/beast/impl/answer_reader.ipp>
#include <patchbay/beast/impl/message.ipp>
#include <patchbay/beast/impl/http.ipp>
