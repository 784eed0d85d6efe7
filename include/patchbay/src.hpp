// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// Include this in one file of a program whose files are all compiled with PATCHBAY_SEPARATE_COMPILATION: it holds the
// definitions that the headers then leave out. The CMake target patchbay::compiled is that file, compiled. Written by
// `cmake -P cmake/lists.cmake`.
#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#error "patchbay: define PATCHBAY_SEPARATE_COMPILATION for all files of the program, or leave <patchbay/src.hpp> out"
#endif

#include <patchbay/cloud/impl/error_body.ipp>
#include <patchbay/cloud/impl/interactions.ipp>
#include <patchbay/cloud/impl/platform.ipp>
#include <patchbay/cloud/impl/platform_attributes.ipp>
#include <patchbay/cloud/impl/platform_channel.ipp>
#include <patchbay/cloud/impl/platform_conversation.ipp>
#include <patchbay/cloud/impl/platform_error.ipp>
#include <patchbay/cloud/impl/platform_flow.ipp>
#include <patchbay/cloud/impl/platform_frame.ipp>
#include <patchbay/cloud/impl/platform_holds.ipp>
#include <patchbay/cloud/impl/platform_targets.ipp>
#include <patchbay/cloud/impl/region.ipp>
#include <patchbay/driver/impl/completion_operation.ipp>
#include <patchbay/driver/impl/hold_door.ipp>
#include <patchbay/driver/impl/hold_pump_errands.ipp>
#include <patchbay/driver/impl/loop_hold_connection.ipp>
#include <patchbay/driver/impl/loop_hold_door.ipp>
#include <patchbay/driver/impl/loop_hold_errands.ipp>
#include <patchbay/driver/impl/loop_hold_pump.ipp>
#include <patchbay/driver/impl/loop_transition_door.ipp>
#include <patchbay/driver/impl/transition_door.ipp>
#include <patchbay/flow/impl/diagram.ipp>
#include <patchbay/flow/impl/diagram_plan.ipp>
#include <patchbay/flow/impl/diagram_text.ipp>
#include <patchbay/flow/impl/drift.ipp>
#include <patchbay/flow/impl/flow_configuration.ipp>
#include <patchbay/flow/impl/flow_configuration_parts.ipp>
#include <patchbay/flow/impl/flow_configuration_reader.ipp>
#include <patchbay/flow/impl/flow_graph.ipp>
#include <patchbay/flow/impl/flow_parser.ipp>
#include <patchbay/flow/impl/flow_values.ipp>
#include <patchbay/flow/impl/index_place.ipp>
#include <patchbay/flow/impl/reachability.ipp>
#include <patchbay/flow/impl/reachability_builder.ipp>
#include <patchbay/flow/impl/reachability_index.ipp>
#include <patchbay/flow/impl/shortest_way.ipp>
#include <patchbay/flow/impl/static_flow_definition.ipp>
#include <patchbay/impl/followed_flow.ipp>
#include <patchbay/impl/hold_request.ipp>
#include <patchbay/impl/random_source.ipp>
#include <patchbay/impl/settings.ipp>
#include <patchbay/impl/transition_request.ipp>
#include <patchbay/journal/impl/file_storage.ipp>
#include <patchbay/journal/impl/frame.ipp>
#include <patchbay/journal/impl/journal.ipp>
#include <patchbay/journal/impl/options.ipp>
#include <patchbay/journal/impl/payload.ipp>
#include <patchbay/journal/impl/recover.ipp>
#include <patchbay/journal/impl/show.ipp>
#include <patchbay/journal/impl/state.ipp>
#include <patchbay/journal/impl/sync.ipp>
#include <patchbay/json/impl/write.ipp>
#include <patchbay/policy/impl/schema.ipp>
#include <patchbay/schema/impl/append_text.ipp>
#include <patchbay/schema/impl/coerce.ipp>
#include <patchbay/schema/impl/coercing.ipp>
#include <patchbay/schema/impl/coercing_elements.ipp>
#include <patchbay/schema/impl/coercing_output.ipp>
#include <patchbay/schema/impl/coercing_values.ipp>
#include <patchbay/schema/impl/encode.ipp>
#include <patchbay/schema/impl/json_object.ipp>
#include <patchbay/schema/impl/json_schema.ipp>
#include <patchbay/schema/impl/json_sink.ipp>
#include <patchbay/schema/impl/text.ipp>
#include <patchbay/schema/impl/variables.ipp>
