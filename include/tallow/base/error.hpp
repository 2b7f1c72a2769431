// What can go wrong: stable numbers, one error type, one result type.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

#include <tallow/base/errc.hpp>

namespace tallow {

/// Whose fault an error is, to be asked of any std::error_code: `ec == cond::peer`.
enum class cond : std::uint8_t {
  peer = 1,         ///< the other side, or something between the sides, broke the rules
  local = 2,        ///< the caller used the library wrongly, or gave it bad input
  environment = 3,  ///< the network, the disk, the clock: neither side is at fault
};

/// One failure: what, where, and why in a few words.
///
/// Holds no key material and no text that a peer chose, so it may be logged and shown.
struct [[nodiscard]] error {
  errc code{};
  /// The byte offset, chunk index or entry index where it applies; 0 where none does.
  std::uint64_t at = 0;
  /// Static text, lower case, without a full stop; empty when the code says it all.
  const char* note = "";
  /// What the operating system said, if it did.
  std::error_code cause{};

  /// The code alone, for interfaces that speak std::error_code.
  // NOLINTNEXTLINE(google-explicit-constructor): an error is an error_code with more to say
  operator std::error_code() const noexcept;

  /// The note is no part of it: it explains, it does not distinguish.
  [[nodiscard]] bool operator==(const error& other) const noexcept {
    return code == other.code && at == other.at && cause == other.cause;
  }
};

/// A value, or why there is none.
template <class T>
using result = tl::expected<T, error>;

/// An error in the form a function returning result<> returns.
///
/// @shape  `return fail(errc::varint_too_long, offset);`
[[nodiscard]] inline tl::unexpected<error> fail(errc code, std::uint64_t at = 0,
                                                const char* note = "") {
  return tl::unexpected<error>(error{code, at, note, {}});
}

/// The same with what the operating system said.
[[nodiscard]] inline tl::unexpected<error> fail(errc code, std::error_code cause,
                                                const char* note = "") {
  return tl::unexpected<error>(error{code, 0, note, cause});
}

/// Passes on an error that another function returned.
[[nodiscard]] inline tl::unexpected<error> fail(const error& e) { return tl::unexpected<error>(e); }

/// Whose fault a code is.
[[nodiscard]] constexpr cond condition_of(errc code) noexcept {
  switch (errc_class_of(code)) {
    case errc_class::peer: return cond::peer;
    case errc_class::local: return cond::local;
    case errc_class::environment: break;
  }
  return cond::environment;
}

namespace detail {

// Default visibility: with a hidden category each shared library would have one of its own, and
// comparing two codes would quietly answer "different".
#if defined(__GNUC__)
#define TALLOW_VISIBLE __attribute__((visibility("default")))
#else
#define TALLOW_VISIBLE
#endif

class TALLOW_VISIBLE condition_category_type final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "tallow condition"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (value) {
      case static_cast<int>(cond::peer): return "the other side broke the protocol";
      case static_cast<int>(cond::local): return "bad local use or input";
      case static_cast<int>(cond::environment): return "the environment failed";
      default: return "unknown";
    }
  }
};

inline TALLOW_VISIBLE const condition_category_type condition_category_object{};

class TALLOW_VISIBLE error_category_type final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "tallow"; }
  [[nodiscard]] std::string message(int value) const override {
    return errc_text(static_cast<errc>(value));
  }
  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    return {static_cast<int>(condition_of(static_cast<errc>(value))), condition_category_object};
  }
};

inline TALLOW_VISIBLE const error_category_type error_category_object{};

}  // namespace detail

/// The category of every tallow::errc.
[[nodiscard]] inline const std::error_category& error_category() noexcept {
  return detail::error_category_object;
}

[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), detail::error_category_object};
}

[[nodiscard]] inline std::error_code make_error_code(const error& e) noexcept {
  return make_error_code(e.code);
}

inline error::operator std::error_code() const noexcept { return make_error_code(code); }

[[nodiscard]] inline std::error_condition make_error_condition(cond condition) noexcept {
  return {static_cast<int>(condition), detail::condition_category_object};
}

/// The error as one line for people: the code's text, the note, the cause.
[[nodiscard]] inline std::string describe(const error& e) {
  std::string text = errc_text(e.code);
  if (*e.note != '\0') text.append(": ").append(e.note);
  if (e.cause) text.append(" (").append(e.cause.message()).append(")");
  return text;
}

}  // namespace tallow

template <>
struct std::is_error_code_enum<tallow::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<tallow::cond> : std::true_type {};
