// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The journal on the disk. An input that begins with `r` is a segment, byte for byte, behind that. Otherwise it is lines: a
// letter, `a` for the first kind of record, and a payload, put into a frame whose checksums agree; `>` begins the next
// segment; `!` adds the rest of the line as it stands, with `~` for the byte that every frame begins with.
#include "fuzz/law.hpp"

#include <patchbay/journal/frame.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/journal/show.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/testing/simulated_disk.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay::testing::SimulatedDisk;
using patchbay_fuzz::law;

namespace {

std::string state_of(const Journal& journal) {
  std::string out;
  for (const OpenIntent& each : journal.open_intents())
    out.append(std::to_string(each.position)).append(each.record.interaction).append(each.record.etag).append(each.unknown ? "?;" : ";");
  for (const BelievedHold& each : journal.holds()) out.append(each.interaction).append(each.confirmed ? "!;" : "?;");
  for (const JournalDelivery& each : journal.deliveries()) out.append(std::to_string(each.position)).append(each.body).append(";");
  for (const JournalDelivery& each : journal.dead_letters()) out.append(std::to_string(each.position)).append(each.body).append("x;");
  return out;
}

void fill(SimulatedDisk& disk, std::string_view input) {
  if (input.starts_with('r')) return disk.put(1, std::string(input.substr(1)));
  std::uint64_t segment = 1;
  JournalPosition position = 0;
  std::string bytes;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    if (line.empty()) continue;
    const std::string_view rest = line.substr(1);
    if (line[0] == '>') {
      disk.put(segment++, std::move(bytes));
      bytes.clear();
    } else if (line[0] == '!') {
      for (const char c : rest) bytes.push_back(c == '~' ? '\xff' : c);
    } else {
      const auto kind = static_cast<JournalKind>(static_cast<unsigned char>(line[0]) - 'a' + 1);
      ++position;
      detail::append_frame(bytes, kind, position, position > 2 ? position - 2 : 0, rest);
    }
  }
  disk.put(segment, std::move(bytes));
}

void check_goes_on(const std::shared_ptr<SimulatedDisk>& disk, std::string_view input) {
  std::string state;
  JournalPosition last = 0;
  {
    const auto journal = Journal::open(disk);
    law(journal.has_value(), "what was opened once is opened again", {input});
    law((*journal)->recovery().dropped_bytes == 0, "a torn end is cut off once", {input});
    state = state_of(**journal);
    last = (*journal)->status().appended;
    const auto next = (*journal)->hold_changed("another", true, {});
    law(next.has_value(), "it goes on", {input});
    law((*journal)->sync_until(*next).has_value(), "and syncs", {input});
    law(*next > last, "behind what was there", {input});
    law((*journal)->hold_changed("another", false, {}).has_value(), "and goes on", {input});
  }
  disk->crash();
  const auto journal = Journal::open(disk);
  law(journal.has_value() && (*journal)->status().appended > last, "what was promised is there", {input});
  JsonReader reader;
  const auto listing = write_json_lines(*disk, [&](std::string_view line) {
    std::string out;
    law(reader.minify(line, out).has_value(), "each line is JSON", {input, line});
  });
  law(listing.has_value(), "it can be shown", {input});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = patchbay_fuzz::as_text(data, size);
  auto disk = std::make_shared<SimulatedDisk>();
  fill(*disk, input);
  auto opened = Journal::open(disk);
  if (!opened) {
    law(opened.error().code() == ErrorCode::journal_corrupt, "the only fault is what stands there", {input, opened.error().message()});
    law(Journal::open(disk).has_value() == false, "and looking at it changes nothing", {input});
    JournalOptions options;
    options.salvage = true;
    opened = Journal::open(disk, options);
    law(opened.has_value(), "whatever it is can be salvaged", {input});
    law(!(*opened)->recovery().gaps.empty(), "and what was left out is named", {input});
  }
  const std::string state = state_of(**opened);
  opened->reset();
  {
    const auto again = Journal::open(disk);
    law(again.has_value() && state_of(**again) == state, "what is open is open after a restart", {input});
  }
  check_goes_on(disk, input);
  return 0;
}
