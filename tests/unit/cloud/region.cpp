// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/cloud/region.hpp>

#include <memory>
#include <string>
#include <string_view>

#include <patchbay/endpoint.hpp>
#include <patchbay/settings.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

std::string refusal(std::string_view text) {
  const auto region = Region::parse(text, "PATCHBAY_REGION");
  INFO(text);
  REQUIRE_FALSE(region);
  CHECK(region.error().code() == ErrorCode::invalid_settings);
  CHECK_FALSE(Region::find(text));
  const std::string& message = region.error().message();
  CHECK(message.find("PATCHBAY_REGION: ") == 0);
  return message.substr(17);
}

}  // namespace

TEST_CASE("every named region is found by its name and by its domain", "[region]") {
  CHECK(named_regions.size() == 18);
  for (const NamedRegion& each : named_regions) {
    const auto by_name = Region::parse(each.name), by_domain = Region::parse(each.domain);
    INFO(each.name);
    REQUIRE(by_name);
    REQUIRE(by_domain);
    CHECK(*by_name == *by_domain);
    CHECK(by_name->domain() == each.domain);
    CHECK(by_domain->name() == each.name);
    // What follows from it are addresses that the settings take.
    for (const std::string& url : {by_name->api_url(), by_name->login_url(), by_name->apps_url()}) CHECK(Endpoint::parse(url, "url"));
    for (const NamedRegion& other : named_regions) CHECK((each.name == other.name) == (each.domain == other.domain));
  }
}

TEST_CASE("names and domains are taken in any case, and names with hyphens as well", "[region]") {
  CHECK(Region::parse("EU-West-1")->domain() == "mypurecloud.ie");
  CHECK(Region::parse("eu_WEST_1")->domain() == "mypurecloud.ie");
  CHECK(Region::parse("MyPureCloud.com.AU")->domain() == "mypurecloud.com.au");
  CHECK(Region::parse("MyPureCloud.com.AU")->name() == "ap_southeast_2");
}

TEST_CASE("a region of tomorrow is its domain", "[region]") {
  const auto region = Region::parse("xx9.pure.cloud");
  REQUIRE(region);
  CHECK(region->domain() == "xx9.pure.cloud");
  CHECK(region->name().empty());
  CHECK(region->api_url() == "https://api.xx9.pure.cloud");
  for (const std::string_view domain : {"a.b", "1.de", "x--y.example", "api.test", "apiary.example.com", "login-api.example.com"}) {
    INFO(domain);
    CHECK(Region::parse(domain));
  }
}

TEST_CASE("a region is known when the program is compiled", "[region]") {
  constexpr Region ireland = Region::of("eu_west_1");
  STATIC_REQUIRE(ireland.domain() == "mypurecloud.ie");
  STATIC_REQUIRE(ireland == *Region::find("MYPURECLOUD.IE"));
  STATIC_REQUIRE(ireland.name() == "eu_west_1");
  STATIC_REQUIRE(Region::of("new.pure.cloud").name().empty());
  STATIC_REQUIRE_FALSE(Region::find("https://api.mypurecloud.ie"));
}

TEST_CASE("one line sets the addresses that go together", "[region][settings]") {
  Settings settings;
  TokenSettings login;
  Region::of("eu_central_1").assign_to(settings.base_url, login.login_url);
  CHECK(settings.base_url == "https://api.mypurecloud.de");
  CHECK(login.login_url == "https://login.mypurecloud.de");
  CHECK(Region::of("eu_central_1").apps_url() == "https://apps.mypurecloud.de");
  login.client_id = "id";
  login.client_secret = Secret("secret");
  settings.tokens = std::make_shared<TokenSource>(login);
  CHECK(settings.check());
}

TEST_CASE("who gives an address instead of a domain is told the domain", "[region]") {
  for (const std::string_view url : {"https://api.mypurecloud.ie", "https://mypurecloud.ie/", "https://login.mypurecloud.ie/oauth/token?x=1",
                                     "apps.mypurecloud.ie/directory/#/admin", "api.mypurecloud.ie:443", "mypurecloud.ie/",
                                     "wss://streaming.mypurecloud.ie/channels/c", "//api.mypurecloud.ie"}) {
    INFO(url);
    CHECK(refusal(url) == "is an address, or part of one; give the region's domain alone, which is mypurecloud.ie");
  }
  CHECK(refusal("api.usw2.pure.cloud") == "is one of a region's hosts; give the region's domain alone, which is usw2.pure.cloud");
  CHECK(refusal("Login.mypurecloud.com.au") == "is one of a region's hosts; give the region's domain alone, which is mypurecloud.com.au");
  CHECK(refusal("https://") == "is an address, or part of one; give the region's domain alone, such as mypurecloud.ie");
}

TEST_CASE("nothing of an address but its domain is repeated", "[region][I19]") {
  const std::string told = refusal("https://user:hush@api.mypurecloud.ie/p4th?access_token=t0ken#part");
  CHECK(told.find("which is mypurecloud.ie") != std::string::npos);
  for (const char* hidden : {"user", "hush", "p4th", "t0ken", "#part"}) CHECK(told.find(hidden) == std::string::npos);
  CHECK(refusal("https://h\x01st:hush") == "is an address, or part of one; give the region's domain alone, such as mypurecloud.ie");
}

TEST_CASE("what is no region is refused with what it is", "[region]") {
  CHECK(refusal("").find("is empty") == 0);
  for (const std::string_view name : {"eu_west_9", "mypurecloud", "localhost", "us_east_1_", "us"}) CHECK(refusal(name).find("is neither the name of a known region") == 0);
  for (const std::string_view number : {"127.0.0.1", "10.0.0.256", "a.b.1"}) CHECK(refusal(number).find("is the number of a host") == 0);
  for (const std::string_view bad : {".ie", "mypurecloud..ie", "mypurecloud.ie.", "-a.ie", "a-.ie", "a.ie-", "my purecloud.ie", "a_b", "m\xc3\xbcnchen.de", "a.b\n", "*.pure.cloud"}) {
    const std::string why = refusal(bad);
    if (bad != std::string_view("a_b")) CHECK(why.find("is no domain") == 0);
  }
  const std::string label(63, 'a');
  CHECK(Region::parse(label + "." + label + "." + label + "." + std::string(51, 'b')));  // 243, to which `streaming.` adds ten
  CHECK(refusal(label + "." + label + "." + label + "." + std::string(52, 'b')).find("is longer") == 0);
  CHECK(refusal(label + "a.ie").find("is no domain") == 0);
}
