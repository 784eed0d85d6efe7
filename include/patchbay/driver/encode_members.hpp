// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>  // addressof
#include <string>
#include <type_traits>
#include <vector>

#include <patchbay/error.hpp>

namespace patchbay {

class JsonReader;

namespace detail {

/// What the schema of a door does for one request: appends the encoded members, or violations. Refers to the caller's
/// function, which outlives the call.
class EncodeMembers {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, EncodeMembers>)
  EncodeMembers(F&& encode) noexcept  // implicit: a parameter's type
      : encode_(const_cast<void*>(static_cast<const void*>(std::addressof(encode)))),
        call_([](void* function, JsonReader& reader, std::vector<Violation>& violations, std::string& members) {
          (*static_cast<std::remove_reference_t<F>*>(function))(reader, violations, members);
        }) {}
  void operator()(JsonReader& reader, std::vector<Violation>& violations, std::string& members) const {
    call_(encode_, reader, violations, members);
  }

 private:
  void* encode_;
  void (*call_)(void*, JsonReader&, std::vector<Violation>&, std::string&);
};

}  // namespace detail
}  // namespace patchbay
