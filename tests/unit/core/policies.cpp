// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policies.hpp>

#include <cstdint>
#include <string>
#include <type_traits>

#include <patchbay/policy/transport.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/scripted_transport.hpp>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

struct EmptyTransport {
  TransportResult<void> send(const HttpRequest&, HttpResponse&, SteadyTime) {
    return tl::unexpected(TransportError(TransportFault::connect, Delivery::not_sent));
  }
};
struct EmptyClock {
  static SteadyTime steady_now() noexcept { return {}; }
  static WallTime wall_now() noexcept { return {}; }
  static void sleep_until(SteadyTime) noexcept {}
};
struct EmptyLogger {
  static bool enabled(Level) noexcept { return false; }
  static void log(Level, const Event&) noexcept {}
};
struct PointerTransport : EmptyTransport {
  std::string* seen = nullptr;
};

template <class T>
concept aggregate = std::is_aggregate_v<T>;

}  // namespace

TEST_CASE("policies that are empty take no room", "[policies]") {
  STATIC_REQUIRE(std::is_empty_v<Policies<EmptyTransport, EmptyClock, NoRetry, EmptyLogger>>);
  STATIC_REQUIRE(
      std::is_empty_v<Policies<EmptyTransport, SystemClock, NoRetry, NullLogger, StructSchema<IvrVariables>>>);
  STATIC_REQUIRE(sizeof(Policies<EmptyTransport, SystemClock, NoRetry, NullLogger>) == 1);
  STATIC_REQUIRE(sizeof(Policies<PointerTransport, SystemClock, NoRetry>) == sizeof(void*));
  STATIC_REQUIRE(sizeof(Policies<EmptyTransport>) == sizeof(DefaultRetry));
}

TEST_CASE("a client names the policies that it replaces, and the rest follow", "[policies]") {
  const auto least = Policies{.transport = EmptyTransport{}};
  STATIC_REQUIRE(std::is_same_v<decltype(least),
                                const Policies<EmptyTransport, SystemClock, DefaultRetry, NullLogger, DefaultSchema>>);
  const auto some = Policies{.transport = EmptyTransport{},
                             .retry = AttemptsLimited<ExponentialBackoff>{.max_attempts = 9},
                             .schema = schema<IvrVariables>};
  STATIC_REQUIRE(std::is_same_v<decltype(some.clock), SystemClock>);
  STATIC_REQUIRE(std::is_same_v<decltype(some.schema), std::remove_const_t<decltype(schema<IvrVariables>)>>);
  CHECK(some.retry.max_attempts == 9);
  STATIC_REQUIRE(aggregate<decltype(least)>);
}

TEST_CASE("a door keeps its place", "[policies]") {
  using Door = decltype(StateTransitioner{Policies{.transport = EmptyTransport{}}, Settings{}});
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Door>);
  STATIC_REQUIRE_FALSE(std::is_move_constructible_v<Door>);
  STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<Door>);
  STATIC_REQUIRE_FALSE(std::is_move_assignable_v<Door>);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Door>);
  STATIC_REQUIRE(std::is_same_v<Door::value_type, IvrVariables>);
}
