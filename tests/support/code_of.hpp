#pragma once

#include <optional>

#include <tallow/base/error.hpp>

namespace tallow::test {

/// The code of the error, or none: a test that expects a failure shall fail, not crash, on success.
template <class T>
errc code_of(const result<T>& r) {
  return r ? errc{} : r.error().code;
}
inline errc code_of(const std::optional<error>& e) { return e ? e->code : errc{}; }

}  // namespace tallow::test
