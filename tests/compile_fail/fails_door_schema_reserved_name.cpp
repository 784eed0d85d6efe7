// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A variable that the library writes itself.
// expect: the schema declares a field named ivr_state, flow_node, last_updated or transition_id
#include <patchbay/state_transitioner.hpp>

struct Answering {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

struct Billing {
  BOOST_HANA_DEFINE_STRUCT(Billing, (std::string, account), (std::string, flow_node));
};

void open(const patchbay::Settings& settings) {
  patchbay::StateTransitioner door{patchbay::Policies{.transport = Answering{}, .schema = patchbay::schema<Billing>},
                                   settings};
  (void)door.metrics();
}
