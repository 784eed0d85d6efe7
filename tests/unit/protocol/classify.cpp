// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/classify.hpp>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

constexpr ExchangeKind kinds[] = {ExchangeKind::read, ExchangeKind::token, ExchangeKind::write, ExchangeKind::webhook};

// What hazards A4 to A6, A11, A15 and A16 ask for, written as one question after the other and not as a table of
// statuses.

bool may_be_sent_again(int status) {
  const bool server_error = status / 100 == 5 && status != 501 && status != 505;  // those two say "never"
  return server_error || status == 408 || status == 429;
}
bool is_token_trouble(ExchangeKind kind, int status) {
  return status == 401 && (kind == ExchangeKind::read || kind == ExchangeKind::write);
}
bool is_version_trouble(ExchangeKind kind, int status) {
  return kind == ExchangeKind::write && (status == 409 || status == 412);
}

Next expected_next(ExchangeKind kind, int status) {
  if (status / 100 == 2) return Next::done;
  if (is_token_trouble(kind, status)) return Next::refresh_token;
  if (is_version_trouble(kind, status)) return Next::reread;
  return may_be_sent_again(status) ? Next::retry : Next::give_up;
}

ErrorCode expected_code(ExchangeKind kind, int status) {
  if (kind == ExchangeKind::token && (status == 400 || status == 401)) return ErrorCode::authentication_failed;
  if (status == 401) return ErrorCode::authentication_failed;
  if (status == 403) return ErrorCode::forbidden;
  if (status == 404) return ErrorCode::not_found;
  if (status == 422) return ErrorCode::unprocessable;
  if (status == 428) return ErrorCode::precondition_required;
  if (status == 429) return ErrorCode::rate_limited;
  if (is_version_trouble(kind, status)) return ErrorCode::conflict;
  if (may_be_sent_again(status)) return ErrorCode::unavailable;
  return ErrorCode::unexpected_status;
}

}  // namespace

TEST_CASE("every status of every exchange means what the hazards say", "[classify][A4][A5][A6][A15][A16]") {
  for (const ExchangeKind kind : kinds)
    for (int status = 100; status <= 599; ++status) {
      INFO(static_cast<int>(kind) << " " << status);
      const Verdict verdict = classify(kind, status);
      CHECK(verdict.next == expected_next(kind, status));
      if (verdict.next != Next::done) CHECK(verdict.code == expected_code(kind, status));
      CHECK(verdict.cause == (status == 429 ? RetryCause::rate_limited : RetryCause::transient));
      // A gateway's answer does not say whether the server behind it acted, nor does one that is not final; a refusal
      // does.
      const bool silent = (may_be_sent_again(status) && status != 429) || status < 200;
      CHECK(verdict.ambiguous == (kind == ExchangeKind::write && silent));
    }
}

TEST_CASE("a status that HTTP does not have is neither success nor worth another attempt", "[classify]") {
  for (const ExchangeKind kind : kinds)
    for (const int status : {-200, -1, 0, 1, 99}) {
      CHECK(classify(kind, status).next == Next::give_up);
      CHECK(classify(kind, status).code == ErrorCode::unexpected_status);
    }
}

TEST_CASE("every fault of every exchange means what the hazards say", "[classify][A5][A6]") {
  struct Row {
    TransportFault fault;
    Next next;
    ErrorCode code;
  };
  constexpr Row rows[] = {
      {TransportFault::resolve, Next::retry, ErrorCode::network},
      {TransportFault::connect, Next::retry, ErrorCode::network},
      {TransportFault::timed_out, Next::retry, ErrorCode::network},
      {TransportFault::reset, Next::retry, ErrorCode::network},
      {TransportFault::tls, Next::give_up, ErrorCode::network},
      {TransportFault::closed, Next::give_up, ErrorCode::network},
      {TransportFault::upgrade_refused, Next::give_up, ErrorCode::network},
      {TransportFault::plain_text_refused, Next::give_up, ErrorCode::invalid_settings},
      {TransportFault::cancelled, Next::give_up, ErrorCode::cancelled},
      {TransportFault::too_large, Next::give_up, ErrorCode::response_too_large},
      {TransportFault::malformed, Next::give_up, ErrorCode::malformed_response},
  };
  static_assert(static_cast<int>(TransportFault::closed) + 1 == static_cast<int>(std::size(rows)),
                "a new fault needs a row");
  for (const ExchangeKind kind : kinds)
    for (const Row& row : rows)
      for (const Delivery delivery : {Delivery::not_sent, Delivery::maybe_sent}) {
        INFO(static_cast<int>(kind) << " " << to_string(row.fault));
        const Verdict verdict = classify(kind, row.fault, delivery);
        CHECK(verdict.next == row.next);
        CHECK(verdict.code == row.code);
        CHECK(verdict.cause == RetryCause::transient);
        // Settings that forbid the address forbid it before anything is sent.
        CHECK(verdict.ambiguous == (kind == ExchangeKind::write && delivery == Delivery::maybe_sent &&
                                    row.fault != TransportFault::plain_text_refused));
      }
}
