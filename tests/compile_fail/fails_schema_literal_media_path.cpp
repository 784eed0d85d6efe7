// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A media file is a name, not a path (hazard B33).
// expect: this_literal_breaks_the_rule_of_its_type
#include <patchbay/schema/text.hpp>

patchbay::MediaFile music() { return "../music.wav"; }
