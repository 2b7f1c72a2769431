// What a message is made of: the list of its fields, and the kinds of values a field may hold.
//
// A message is a struct with a static function fields() that returns a list of field{} values, one
// for each member in wire order:
//
//   struct close_room {
//     close_reason reason{};
//     static constexpr auto fields() { return field_list(field{&close_room::reason}); }
//   };
//
// @source  docs/protocol/wire.md, Bodies
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <variant>
#include <vector>

#include <tallow/base/limits.hpp>
#include <tallow/base/strong.hpp>

namespace tallow {

/// A member of a message, and for texts, byte strings and sequences the most they may hold.
template <class Message, class Member>
struct field {
  Member Message::*member;
  std::size_t count_max = limits::frame_length_limit;

  constexpr explicit field(Member Message::*m) noexcept : member(m) {}
  constexpr field(Member Message::*m, std::size_t max) noexcept : member(m), count_max(max) {}
};

/// The fields of a message, to be called with a visitor, which gets all of them at once. Compiles
/// in half the time of a std::tuple, which every message would instantiate anew.
template <class... Field>
[[nodiscard]] constexpr auto field_list(Field... fields) noexcept {
  return [fields...](auto&& visit) -> decltype(auto) { return visit(fields...); };
}

/// A struct with a list of its fields.
template <class T>
concept message = requires {
  T::fields();
};

/// An enumeration whose values run from 0 to the one that enum_last() names.
template <class T>
concept wire_enum = std::is_enum_v<T> && requires(T value) {
  { enum_last(value) } -> std::same_as<T>;
};

namespace detail {

template <class T>
inline constexpr bool is_byte_array = false;
template <std::size_t N>
inline constexpr bool is_byte_array<std::array<std::byte, N>> = true;
template <class T>
inline constexpr bool is_strong = false;
template <class Tag, class UInt>
inline constexpr bool is_strong<strong<Tag, UInt>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

}  // namespace detail

}  // namespace tallow
