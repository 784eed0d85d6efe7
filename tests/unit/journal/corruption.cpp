// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Damage to what was on the disk is never taken for a torn end, and never passed over.
#include <patchbay/journal/frame.hpp>
#include <patchbay/journal/journal.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

#include "ledger.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

std::shared_ptr<SimulatedDisk> with_segments(std::size_t most, std::uint64_t seed = 1) {
  auto disk = std::make_shared<SimulatedDisk>(seed);
  Ledger ledger(seed);
  auto journal = opened(disk, small_segments());
  while (journal->status().segments < most) ledger.run(*journal, 1);
  ledger.run(*journal, 8);
  CHECK(journal->flush());
  CHECK(journal->terminal(journal->intent(transition_of("i", "t")).value(), EndRecord(Outcome::applied)));
  return disk;
}

Result<std::shared_ptr<Journal>> open_copy(const SimulatedDisk& disk, std::uint64_t changed, std::string bytes,
                                           bool salvage = false) {
  auto copy = std::make_shared<SimulatedDisk>();
  for (std::uint64_t each = 1; each < 10; ++each)
    if (std::string content = disk.bytes(each); !content.empty()) copy->put(each, std::move(content));
  copy->put(changed, std::move(bytes));
  JournalOptions options = small_segments();
  options.salvage = salvage;
  return Journal::open(copy, options);
}

bool is_corrupt(const Result<std::shared_ptr<Journal>>& journal) {
  return !journal && journal.error().code() == ErrorCode::journal_corrupt;
}

}  // namespace

TEST_CASE("the checksum is CRC-32C", "[journal]") {
  // RFC 3720 appendix B.4
  CHECK(detail::crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(detail::crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
  CHECK(detail::crc32c("123456789") == 0xe3069283U);
}

TEST_CASE("a frame is what the format says, on every machine", "[journal]") {
  std::string bytes;
  detail::append_frame(bytes, JournalKind::intent, 0x0102030405060708, 0x11, "{}");
  std::string expected("\xffPBJ\x01\x02\0\0\x02\0\0\0\x08\x07\x06\x05\x04\x03\x02\x01\x11\0\0\0\0\0\0\0", 28);
  for (const std::uint32_t checksum : {detail::crc32c("{}"), std::uint32_t{0}}) {
    const std::uint32_t number = checksum != 0 ? checksum : detail::crc32c(expected);
    for (unsigned shift = 0; shift < 32; shift += 8)
      expected.push_back(static_cast<char>(static_cast<unsigned char>(number >> shift)));
  }
  CHECK(bytes == expected + "{}\n");
  detail::JournalFrame frame;
  REQUIRE(detail::read_frame(bytes, frame) == nullptr);
  CHECK(frame.kind == JournalKind::intent);
  CHECK(frame.position == 0x0102030405060708);
  CHECK(frame.durable == 0x11);
  CHECK(frame.payload == "{}");
  CHECK(frame.size == bytes.size());
}

TEST_CASE("a changed byte anywhere in an old segment is found, and named", "[journal][B31]") {
  const auto disk = with_segments(3);
  const std::string good = disk->bytes(2);
  REQUIRE(good.size() > 4096);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (at % 2 == 0 ? 0x01 : 0x80));
    const auto journal = open_copy(*disk, 2, std::move(bad));
    CAPTURE(at);
    REQUIRE(is_corrupt(journal));
    CHECK(journal.error().message().find("0000000002.journal at byte ") != std::string::npos);
  }
  CHECK(open_copy(*disk, 2, good));
}

TEST_CASE("an old segment that lacks bytes, or has more, is found", "[journal]") {
  const auto disk = with_segments(3);
  const std::string good = disk->bytes(2);
  for (std::size_t size = 0; size < good.size(); size += 7) {
    CAPTURE(size);
    CHECK(is_corrupt(open_copy(*disk, 2, good.substr(0, size))));
  }
  CHECK(is_corrupt(open_copy(*disk, 2, good + "x")));
  CHECK(is_corrupt(open_copy(*disk, 2, disk->bytes(1))));
  CHECK(is_corrupt(open_copy(*disk, 2, disk->bytes(3))));
  auto holed = std::make_shared<SimulatedDisk>();
  holed->put(1, disk->bytes(1));
  holed->put(3, disk->bytes(3));
  CHECK(is_corrupt(Journal::open(holed, small_segments())));
}

TEST_CASE("a changed byte of the last segment is found when what follows shows that it was durable", "[journal]") {
  const auto disk = with_segments(2);
  const std::string good = disk->bytes(2);
  // The end of what the last record's header says to have been durable.
  std::size_t at = 0, durable_end = 0;
  JournalPosition durable = 0;
  for (detail::JournalFrame frame; detail::read_frame(std::string_view(good).substr(at), frame) == nullptr;
       at += frame.size)
    durable = std::max(durable, frame.durable);
  at = 0;
  for (detail::JournalFrame frame; detail::read_frame(std::string_view(good).substr(at), frame) == nullptr;
       at += frame.size)
    if (frame.position <= durable) durable_end = at + frame.size;
  REQUIRE(durable_end > good.size() / 2);
  REQUIRE(durable_end < good.size());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    const auto journal = open_copy(*disk, 2, std::move(bad));
    CAPTURE(i);
    if (i < durable_end) {
      CHECK(is_corrupt(journal));
    } else {
      REQUIRE(journal);  // never promised: a torn end
      CHECK((*journal)->recovery().dropped_bytes > 0);
    }
  }
}

TEST_CASE("records of the disk that contradict each other are corrupt, whatever their checksums say", "[journal]") {
  const auto with = [](JournalKind kind, JournalPosition position, std::string_view payload,
                       JournalPosition durable = 0) {
    auto disk = std::make_shared<SimulatedDisk>();
    opened(disk);
    std::string bytes = disk->bytes(1);
    detail::append_frame(bytes, kind, position, durable, payload);
    disk->put(1, bytes);
    return Journal::open(disk);
  };
  CHECK(with(JournalKind::intent, 2, R"({"action":"hold","interaction":"i"})"));
  CHECK(with(JournalKind::intent, 2,
             R"({"action":"hold","interaction":"i","later":[1,{"x":null}]})"));  // of a later library
  CHECK(is_corrupt(with(JournalKind::intent, 3, R"({"action":"hold"})")));
  CHECK(is_corrupt(with(JournalKind::intent, 1, R"({"action":"hold"})")));
  CHECK(is_corrupt(with(JournalKind::intent, 0, R"({"action":"hold"})")));
  CHECK(is_corrupt(with(JournalKind::intent, 2, R"({"action":"hold"})", 2)));
  CHECK(is_corrupt(with(JournalKind::intent, 2, R"({"action":"jump"})")));
  CHECK(is_corrupt(with(JournalKind::intent, 2, R"({"action":7})")));
  CHECK(is_corrupt(with(JournalKind::intent, 2, R"({"etag":["0"]})")));
  CHECK(is_corrupt(with(JournalKind::intent, 2, R"({"etag":["0g"]})")));
  CHECK(is_corrupt(with(JournalKind::intent, 2, R"({"at":9223372036854775807})")));
  CHECK(is_corrupt(with(JournalKind::intent, 2, "")));
  CHECK(is_corrupt(with(JournalKind::terminal, 2, R"({"intent":1,"outcome":"applied"})")));
  CHECK(is_corrupt(with(JournalKind::amendment, 2, R"({"intent":1})")));
  CHECK(is_corrupt(with(JournalKind::delivery_done, 2, R"({"delivery":1})")));
  CHECK(is_corrupt(with(JournalKind::redrive, 2, R"({"delivery":1})")));
  CHECK(is_corrupt(with(JournalKind::checkpoint, 2, R"({})")));
  CHECK(is_corrupt(with(static_cast<JournalKind>(77), 2, R"({})")));
}

TEST_CASE("salvage keeps what verifies, says what it left out, and the next start is sound", "[journal]") {
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    CAPTURE(seed);
    const auto disk = with_segments(3, seed);
    const std::uint64_t struck = 1 + seed % 3;
    std::string bad = disk->bytes(struck);
    bad[bad.size() / 3] ^= 4;
    disk->put(struck, bad);
    JournalOptions options = small_segments();
    CHECK(is_corrupt(Journal::open(disk, options)));
    CHECK(is_corrupt(Journal::open(disk, options)));  // it has changed nothing
    options.salvage = true;
    JournalPosition last = 0;
    std::string state;
    {
      auto journal = opened(disk, options);
      REQUIRE_FALSE(journal->recovery().gaps.empty());
      CHECK(journal->recovery().gaps[0].find(disk->name(struck) + " at byte ") == 0);
      CHECK(journal->status().segments == 1);
      state = state_of(*journal);
      last = journal->status().appended;
      CHECK(last > 20);
    }
    auto again = opened(disk, small_segments());
    CHECK(again->recovery().gaps.empty());
    CHECK(again->status().appended == last);
    CHECK(state_of(*again) == state);
    check_whole(*disk);
  }
}

TEST_CASE("nothing of a journal is left to salvage", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  disk->put(7, "no journal at all");
  CHECK(is_corrupt(Journal::open(disk)));
  JournalOptions options;
  options.salvage = true;
  auto journal = opened(disk, options);
  CHECK(journal->recovery().records == 0);
  CHECK(journal->intent(transition_of("i", "t")));
  CHECK(opened((journal.reset(), disk))->open_intents().size() == 1);
}
