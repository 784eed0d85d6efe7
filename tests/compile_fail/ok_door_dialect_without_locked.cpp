// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// All that a dialect of one's own is asked for.
#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

struct Own {
  using Seen = patchbay::InteractionSnapshot;
  patchbay::Locking locking() const noexcept { return patchbay::Locking::body_version; }
  std::string_view scope() const noexcept { return {}; }
  int readings() const noexcept { return 1; }
  void reading_target(std::string&, const patchbay::Endpoint&, std::string_view, int) const {}
  patchbay::Result<void> parse_reading(const patchbay::HttpResponse&, patchbay::JsonReader&, std::string_view, int, Seen&) const {
    return {};
  }
  patchbay::Method write_method(const Seen&) const noexcept { return patchbay::Method::put; }
  void write_target(std::string&, const patchbay::Endpoint&, std::string_view, const Seen&) const {}
  patchbay::Result<std::size_t> encode_transition(std::string&, const patchbay::TransitionWrite&, patchbay::JsonReader&) const {
    return 0u;
  }
  std::string_view locked(std::string&, std::string_view body, const Seen&) const { return body; }
  bool is_done(int) const noexcept { return true; }
  bool is_conflict(const patchbay::HttpResponse&, patchbay::JsonReader&) const { return true; }
  patchbay::Result<void> parse_echo(const patchbay::HttpResponse&, patchbay::JsonReader&, Seen&) const { return {}; }
  void flow_target(std::string&, const patchbay::Endpoint&, std::string_view) const {}
  patchbay::Result<patchbay::FlowGraph> parse_flow(const patchbay::HttpResponse&, patchbay::JsonReader&, std::string_view,
                                                   const patchbay::FlowLimits&) const {
    return patchbay::fail(patchbay::ErrorCode::flow_malformed, "none");
  }
};

void open(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{patchbay::Policies{.transport = Answering{}, .dialect = Own{}}, settings};
  (void)door.metrics();
}
