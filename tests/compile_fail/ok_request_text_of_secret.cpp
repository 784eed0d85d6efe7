// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/secret.hpp>
#include <patchbay/transition_request.hpp>

void tell(patchbay::TransitionRequest& request, const patchbay::Secret& secret) {
  request.text("token", secret.reveal());
}
