// The one place where Botan's exceptions end and errors begin.
// @source ARCHITECTURE.md, Errors
#pragma once

#include <exception>
#include <new>
#include <utility>

#include <botan/exceptn.h>

#include <tallow/base/error.hpp>

namespace tallow::crypto::detail {

/// The error that the exception being handled stands for; only inside a catch block.
///
/// `on_invalid` is for input that Botan refuses: whoever calls knows whose input it was. Lack of
/// memory stays an exception, as everywhere.
/// @errors  random_failed, crypto_failed, and `on_invalid`
[[nodiscard]] inline error error_of_current_exception(errc on_invalid) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Botan::PRNG_Unseeded&) {
    return {errc::random_failed};
  } catch (const Botan::Exception& e) {
    switch (static_cast<unsigned>(e.error_type())) {
      case static_cast<unsigned>(Botan::ErrorType::SystemError):
      case static_cast<unsigned>(Botan::ErrorType::IoError):
        return {errc::random_failed};  // nothing else that we call asks the system for anything
      case static_cast<unsigned>(Botan::ErrorType::InvalidArgument):
      case static_cast<unsigned>(Botan::ErrorType::InvalidKeyLength):
      case static_cast<unsigned>(Botan::ErrorType::DecodingFailure):
      case static_cast<unsigned>(Botan::ErrorType::InvalidTag): return {on_invalid};
      default: return {errc::crypto_failed};
    }
  } catch (const std::exception&) {
    return {errc::crypto_failed};
  }
}

/// Calls `body`, which returns a result<>, and turns what Botan throws in it into an error.
///
/// @errors  those of `body`, random_failed, crypto_failed, and `on_invalid` for refused input
template <class Body>
[[nodiscard]] auto guarded(errc on_invalid, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return fail(error_of_current_exception(on_invalid));
  }
}

}  // namespace tallow::crypto::detail
