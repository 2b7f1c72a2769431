// Encodes and decodes messages from the list of their fields.
//
// A message is a struct with a static function fields() that returns a tuple of field{} values, one
// for each member in wire order:
//
//   struct close_room {
//     close_reason reason{};
//     static constexpr auto fields() { return std::tuple(field{&close_room::reason}); }
//   };
//
// @source  docs/protocol/wire.md, Bodies; the postcard wire format, version 1
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/strong.hpp>
#include <tallow/wire/reader.hpp>
#include <tallow/wire/writer.hpp>

namespace tallow {

/// A member of a message, and for texts, byte strings and sequences the most they may hold.
template <class Message, class Member>
struct field {
  Member Message::*member;
  std::size_t count_max = limits::frame_length_limit;

  // NOLINTNEXTLINE(google-explicit-constructor): a field is its member
  constexpr explicit field(Member Message::*m) noexcept : member(m) {}
  constexpr field(Member Message::*m, std::size_t max) noexcept : member(m), count_max(max) {}
};

/// A struct with a list of its fields.
template <class T>
concept message = requires { T::fields(); };

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

template <class T>
void encode_value(writer& out, const T& value) {
  if constexpr (message<T>) {
    std::apply([&](const auto&... f) { (encode_value(out, value.*f.member), ...); }, T::fields());
  } else if constexpr (std::same_as<T, bool>) {
    out.boolean(value);
  } else if constexpr (std::same_as<T, std::uint8_t>) {
    out.u8(value);
  } else if constexpr (std::unsigned_integral<T>) {
    out.varint(value);
  } else if constexpr (std::signed_integral<T>) {
    out.zigzag(value);
  } else if constexpr (wire_enum<T>) {
    out.varint(static_cast<std::uint32_t>(value));
  } else if constexpr (is_strong<T>) {
    encode_value(out, value.value);
  } else if constexpr (is_byte_array<T>) {
    out.raw(value);
  } else if constexpr (std::same_as<T, std::string>) {
    out.counted(as_bytes(value));
  } else if constexpr (std::same_as<T, byte_buffer>) {
    out.counted(value);
  } else if constexpr (is_optional<T>) {
    out.boolean(value.has_value());
    if (value) encode_value(out, *value);
  } else if constexpr (is_variant<T>) {
    out.varint(static_cast<std::uint32_t>(value.index()));
    std::visit([&](const auto& v) { encode_value(out, v); }, value);
  } else {
    static_assert(is_vector<T>, "this type has no encoding");
    out.varint(value.size());
    for (const auto& element : value) encode_value(out, element);
  }
}

template <class T>
result<void> decode_value(reader& in, T& value, std::size_t count_max);

// One function for every decoder of the reader: moves the value out or passes the error on.
template <class T, class Decoded>
result<void> assign(T& value, Decoded&& decoded) {
  if (!decoded) return fail(decoded.error());
  value = static_cast<T>(*std::forward<Decoded>(decoded));
  return {};
}

template <message T>
result<void> decode_fields(reader& in, T& value) {
  result<void> done{};
  const auto one = [&](const auto& f) {
    done = decode_value(in, value.*f.member, f.count_max);
    return done.has_value();
  };
  std::apply([&](const auto&... f) { (void)(one(f) && ...); }, T::fields());
  return done;
}

template <class E>
result<void> decode_enum(reader& in, E& value) {
  const std::size_t start = in.offset();
  const auto number = in.varint<std::uint32_t>();
  if (!number) return fail(number.error());
  if (*number > static_cast<std::uint32_t>(enum_last(E{}))) {
    return fail(errc::enum_invalid, start);
  }
  value = static_cast<E>(*number);
  return {};
}

template <class T>
result<void> decode_sequence(reader& in, std::vector<T>& value, std::size_t count_max) {
  const std::size_t start = in.offset();
  const auto count = in.varint<std::uint64_t>();
  if (!count) return fail(count.error());
  // Every element takes a byte at least, so a count above what is left lies, and nothing was
  // allocated for it yet.
  if (*count > count_max) return fail(errc::length_above_limit, start);
  if (*count > in.left()) return fail(errc::truncated, start);
  value.clear();
  for (std::uint64_t i = 0; i < *count; ++i) {
    if (auto done = decode_value(in, value.emplace_back(), limits::frame_length_limit); !done) {
      return done;
    }
  }
  return {};
}

template <class Variant, std::size_t I = 0>
result<void> decode_alternative(reader& in, Variant& value, std::uint32_t index,
                                std::size_t start) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return fail(errc::enum_invalid, start);
  } else {
    if (index != I) return decode_alternative<Variant, I + 1>(in, value, index, start);
    return decode_value(in, value.template emplace<I>(), limits::frame_length_limit);
  }
}

template <class T>
result<void> decode_value(reader& in, T& value, std::size_t count_max) {
  if constexpr (message<T>) {
    return decode_fields(in, value);
  } else if constexpr (std::same_as<T, bool>) {
    return assign(value, in.boolean());
  } else if constexpr (std::same_as<T, std::uint8_t>) {
    return assign(value, in.u8());
  } else if constexpr (std::unsigned_integral<T>) {
    return assign(value, in.varint<T>());
  } else if constexpr (std::signed_integral<T>) {
    return assign(value, in.zigzag<T>());
  } else if constexpr (wire_enum<T>) {
    return decode_enum(in, value);
  } else if constexpr (is_strong<T>) {
    return decode_value(in, value.value, count_max);
  } else if constexpr (is_byte_array<T>) {
    const auto bytes = in.raw(value.size());
    if (!bytes) return fail(bytes.error());
    std::copy(bytes->begin(), bytes->end(), value.begin());
    return {};
  } else if constexpr (std::same_as<T, std::string>) {
    return assign(value, in.text(count_max));
  } else if constexpr (std::same_as<T, byte_buffer>) {
    const auto bytes = in.counted(count_max);
    if (!bytes) return fail(bytes.error());
    value.assign(bytes->begin(), bytes->end());
    return {};
  } else if constexpr (is_optional<T>) {
    const auto present = in.boolean();
    if (!present) return fail(present.error());
    if (!*present) {
      value.reset();
      return {};
    }
    return decode_value(in, value.emplace(), count_max);
  } else if constexpr (is_variant<T>) {
    const std::size_t start = in.offset();
    const auto index = in.varint<std::uint32_t>();
    if (!index) return fail(index.error());
    return decode_alternative(in, value, *index, start);
  } else {
    static_assert(is_vector<T>, "this type has no encoding");
    return decode_sequence(in, value, count_max);
  }
}

}  // namespace detail

/// Appends the body of `m` to `out`.
///
/// @cost  O(encoded size)
template <message M>
void encode_body(byte_buffer& out, const M& m) {
  writer w(out);
  detail::encode_value(w, m);
}

/// Reads a whole body. For every body it accepts, encoding the message gives that body again.
///
/// @errors  those of reader, enum_invalid, length_above_limit, trailing_bytes (all cond::peer);
///          error::at is the offset in the body
/// @cost    O(body size); allocates no more than the body's size bears out
template <message M>
[[nodiscard]] result<M> decode_body(byte_view body) {
  reader in(body);
  M m{};
  if (auto done = detail::decode_value(in, m, limits::frame_length_limit); !done) {
    return fail(done.error());
  }
  if (auto done = in.finish(); !done) return fail(done.error());
  return m;
}

}  // namespace tallow
