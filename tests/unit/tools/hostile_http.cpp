// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// patchbayctl against servers that answer HTML, nothing, far too much, half an answer, no UTF-8 or nests of brackets,
// or that end the connection at any point, at each exchange of a transition.
#include "unit/tools/hostile.hpp"
#include "unit/tools/tool.hpp"

using namespace patchbay::test;

namespace {

constexpr std::array exchanges{Exchange::token, Exchange::flow, Exchange::read, Exchange::write};

std::vector<std::string> move_within(const char* deadline) {
  return {"transition", "--interaction",      "i-1",        "--flow", "f", "--from", "a", "--to", "b",
          "--var",      "customer_tier=gold", "--deadline", deadline};
}

Tool tool_for(const HostileServer& server) {
  Tool tool(server.url());
  tool.secrets.emplace_back(raw_token);
  return tool;
}

HostileServer::Deed says(std::string answer) {
  return [answer = std::move(answer)](PeerConnection& c, const std::string&) { c.write(answer); };
}

/// What must be so whatever a server did: one result, the truth about the write, within the deadline, in bounded
/// memory.
Json result_of(const Ended& ended) {
  INFO("stdout: " << ended.out << "\nstderr: " << ended.err);
  REQUIRE(lines_of(ended.out).size() == 1);
  CHECK(ended.took < std::chrono::seconds(10) + when_busy);  // ten is the longest deadline here
  CHECK(ended.peak_kib < 600 * 1024);
  return Json(lines_of(ended.out).front());
}

/// A server that lies at `where`, for ever: the error's code where nothing can have been written; where it was the
/// write that was answered so, nobody can know.
void check_lie(Exchange where, HostileServer::Deed deed, std::string_view code, const char* deadline = "2") {
  HostileServer server(where, HostileServer::always, std::move(deed));
  Tool tool = tool_for(server);
  const Ended ended = tool.run(move_within(deadline));
  const Json result = result_of(ended);
  check_result(result);
  INFO(result.text() << ended.err);
  if (where == Exchange::write) {
    CHECK(ended.status == 5);
    CHECK(result["/outcome"] == "unknown");
    CHECK(result["/error/code"] == "outcome_unknown");
    CHECK(result.number("/attempts") >= 1);
    CHECK(result["/etagUsed"] == "\"1\"");
  } else {
    CHECK(ended.status == 4);
    CHECK(result["/outcome"] == "not_applied");
    CHECK(result["/error/code"] == code);
    CHECK(result.number("/attempts") == 0);
    CHECK(server.requests[static_cast<std::size_t>(Exchange::write)] == 0);
  }
  // What was decided is on record too, once.
  std::size_t ends = 0;
  for (const std::string& line : lines_of(tool.audit)) ends += Json(line)["/kind"] == "operation" ? 1 : 0;
  CHECK(ends == 1);
}

}  // namespace

TEST_CASE("an answer of HTML is a malformed response", "[tools][hostile]") {
  for (const Exchange where : exchanges) {
    INFO(static_cast<int>(where));
    check_lie(where, says(http("<!DOCTYPE html><html><body>Sign in to the network</body></html>")),
              where == Exchange::flow ? "flow_malformed" : "malformed_response");
  }
}

TEST_CASE("an empty answer is a malformed response, except to a write, which it may confirm", "[tools][hostile]") {
  check_lie(Exchange::token, says(http("")), "malformed_response");
  check_lie(Exchange::flow, says(http("")), "flow_malformed");
  check_lie(Exchange::read, says(http("")), "malformed_response");
}

TEST_CASE("no answer at all is a network failure, or an unknown outcome", "[tools][hostile]") {
  for (const Exchange where : exchanges) {
    INFO(static_cast<int>(where));
    check_lie(
        where, [](PeerConnection&, const std::string&) {}, "network");
  }
}

TEST_CASE("a server that stays silent costs no more than the deadline", "[tools][hostile]") {
  for (const Exchange where : exchanges) {
    INFO(static_cast<int>(where));
    HostileServer server(where, HostileServer::always, [](PeerConnection& c, const std::string&) { c.stall(); });
    Tool tool = tool_for(server);
    const Ended ended = tool.run(move_within("1"));
    const Json result = result_of(ended);
    check_result(result);
    INFO(result.text());
    CHECK(ended.status == (where == Exchange::write ? 5 : 4));
    CHECK(ended.took < std::chrono::seconds(1) + when_busy);
  }
}

TEST_CASE("an answer that announces 1 GB is refused at once", "[tools][hostile]") {
  for (const Exchange where : exchanges) {
    INFO(static_cast<int>(where));
    check_lie(
        where,
        [](PeerConnection& c, const std::string&) {
          const std::string filler(65536, ' ');
          if (!c.write(
                  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n{\"a\":1"))
            return;
          while (c.write(filler)) {
          }
        },
        "response_too_large");
  }
}

TEST_CASE("an answer without an end is cut at the limit", "[tools][hostile]") {
  for (const Exchange where : exchanges) {
    INFO(static_cast<int>(where));
    check_lie(
        where,
        [](PeerConnection& c, const std::string&) {
          const std::string chunk = "10000\r\n" + std::string(65536, ' ') + "\r\n";
          if (!c.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"))
            return;
          while (c.write(chunk)) {
          }
        },
        "response_too_large", "10");
  }
}

TEST_CASE("a header without an end is cut at the limit", "[tools][hostile]") {
  check_lie(
      Exchange::read,
      [](PeerConnection& c, const std::string&) {
        if (!c.write("HTTP/1.1 200 OK\r\n")) return;
        while (c.write("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
        }
      },
      "response_too_large");
}

TEST_CASE("half an answer is no answer", "[tools][hostile]") {
  for (const Exchange where : exchanges) {
    INFO(static_cast<int>(where));
    check_lie(
        where,
        [](PeerConnection& c, const std::string& request) {
          const std::string whole = honest_answer(request);
          c.write(std::string_view(whole).substr(0, whole.size() - 1));
        },
        "network");
  }
}

TEST_CASE("an answer that is no UTF-8 is malformed", "[tools][hostile]") {
  check_lie(Exchange::token, says(http("{\"access_token\":\"\xff\xfe\"}")), "malformed_response");
  check_lie(Exchange::flow, says(http("{\"id\":\"f\",\"nodes\":[{\"id\":\"a\xc3\"}]}")), "flow_malformed");
  check_lie(
      Exchange::read,
      says(http("{\"id\":\"i-1\",\"customAttributes\":{\"flow_node\":\"\xed\xa0\x80\"}}", 200, "ETag: \"1\"\r\n")),
      "malformed_response");
  check_lie(Exchange::write, says(http("{\"transition_id\":\"\xff\"}")), {});
}

TEST_CASE("brackets nested 3,000 deep are malformed", "[tools][hostile]") {
  for (const Exchange where : exchanges) {
    INFO(static_cast<int>(where));
    check_lie(where, says(http(std::string(3000, '[') + std::string(3000, ']'))),
              where == Exchange::flow ? "flow_malformed" : "malformed_response");
  }
  // Where a value of ours is expected, as deep as that.
  const std::string deep = std::string(3000, '[') + std::string(3000, ']');
  check_lie(Exchange::read,
            says(http("{\"id\":\"i-1\",\"customAttributes\":{\"flow_node\":" + deep + "}}", 200, "ETag: \"1\"\r\n")),
            "malformed_response");
  check_lie(Exchange::flow, says(http("{\"id\":\"f\",\"nodes\":" + deep + "}")), "flow_malformed");
}

TEST_CASE("redirects are not followed", "[tools][hostile][A16]") {
  for (const Exchange where : exchanges) {
    INFO(static_cast<int>(where));
    HostileServer server(
        where, HostileServer::always,
        says("HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n"));
    Tool tool = tool_for(server);
    const Ended ended = tool.run(move_within("2"));
    const Json result = result_of(ended);
    check_result(result);
    INFO(result.text());
    CHECK(ended.status == 3);
    CHECK(result["/outcome"] == "not_applied");
    CHECK(server.requests[static_cast<std::size_t>(where)] == 1);
  }
}

TEST_CASE("a server that echoes credentials does not get them printed", "[tools][hostile][A33]") {
  for (const int status : {400, 403, 422, 503}) {
    for (const Exchange where : exchanges) {
      INFO(status << " " << static_cast<int>(where));
      HostileServer server(where, HostileServer::always, [status](PeerConnection& c, const std::string& request) {
        c.write(http("{\"error\":\"what you sent\",\"echo\":\"" + request.substr(request.find("Authorization")) + "\"}",
                     status));
      });
      Tool tool = tool_for(server);
      tool.secrets.erase(tool.secrets.begin() + 2);  // the word Bearer itself may stand before <redacted>
      const Ended ended = tool.run([] {
        std::vector<std::string> all = move_within("1");
        all.insert(all.end(), {"--log", "json", "--log-level", "debug"});
        return all;
      }());
      check_result(result_of(ended));
      CHECK(ended.status >= 3);
    }
  }
}

TEST_CASE("a connection that ends once, at any point of an answer, is survived", "[tools][hostile]") {
  // One process for each point of the token and the flow, which are fetched once.
  for (const Exchange where : {Exchange::token, Exchange::flow}) {
    for (std::size_t tenth = 0; tenth <= 10; ++tenth) {
      INFO(static_cast<int>(where) << " after " << tenth << " tenths");
      HostileServer server(where, 1, [tenth](PeerConnection& c, const std::string& request) {
        const std::string whole = honest_answer(request);
        c.write(std::string_view(whole).substr(0, (whole.size() - 1) * tenth / 10));
        tenth % 2 == 0 ? c.close() : c.reset();
      });
      Tool tool = tool_for(server);
      const Ended ended = tool.run(move_within("10"));
      check_result(result_of(ended));
      CHECK(ended.status == 0);
      CHECK(server.requests[static_cast<std::size_t>(where)] == 2);
    }
  }
  // One process for every byte of the others: job n meets the end after n bytes.
  for (const Exchange where : {Exchange::read, Exchange::write}) {
    INFO(static_cast<int>(where));
    const std::string whole = honest_answer(where == Exchange::read ? "GET /api/v2/interactions/i-100 "
                                                                    : "PATCH /api/v2/interactions/i-100 ");
    std::atomic<std::size_t> cut{0};
    std::atomic<bool> armed{true};
    RawPeer peer([&](PeerConnection& c) {
      for (;;) {
        const std::string request = c.read_request();
        if (request.empty()) return;
        const std::string answer = honest_answer(request);
        if (exchange_of(request) == where && armed.exchange(false)) {
          c.write(std::string_view(answer).substr(0, cut++));
          if (cut % 2 == 0) c.reset();
          return;
        }
        if (exchange_of(request) == Exchange::write) armed = true;  // the job is at its end
        if (!c.write(answer)) return;
      }
    });
    Tool tool(peer.url());
    tool.secrets.emplace_back(raw_token);
    std::string jobs;
    for (std::size_t i = 0; i < whole.size(); ++i)
      jobs += R"({"id":)" + std::to_string(i) +
              R"(,"action":"transition","interaction":"i-100","flow":"f","from":"a","to":"b"})" + "\n";
    const Ended ended = tool.run({"run", "--log", "off"}, jobs);
    CHECK(ended.status == 0);
    const std::vector<std::string> results = lines_of(ended.out);
    REQUIRE(results.size() == whole.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Json result(results[i]);
      INFO(result.text());
      CHECK(result["/id"] == std::to_string(i));
      CHECK(result["/outcome"] == "applied");
      if (where == Exchange::write) CHECK(result["/attempts"] == "2");
    }
  }
}
