// Encodes and decodes messages from the list of their fields (field.hpp).
//
// @source  docs/protocol/wire.md, Bodies; the postcard wire format, version 1
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/field.hpp>
#include <tallow/wire/reader.hpp>
#include <tallow/wire/utf8.hpp>
#include <tallow/wire/writer.hpp>

namespace tallow {

namespace detail {

// Signed integers of one byte have no zigzag form in postcard, and no message has one.
template <class T>
concept wide_signed = std::signed_integral<T> && sizeof(T) >= 2;

template <class T>
void encode_value(writer& out, const T& value) {
  if constexpr (message<T>) {
    T::fields()([&](const auto&... f) { (encode_value(out, value.*f.member), ...); });
  } else if constexpr (std::same_as<T, bool>) {
    out.boolean(value);
  } else if constexpr (std::same_as<T, std::uint8_t>) {
    out.u8(value);
  } else if constexpr (std::unsigned_integral<T>) {
    out.varint(value);
  } else if constexpr (wide_signed<T>) {
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
bool encodable_value(const T& value, std::size_t count_max) {
  if constexpr (message<T>) {
    return T::fields()(
        [&](const auto&... f) { return (encodable_value(value.*f.member, f.count_max) && ...); });
  } else if constexpr (wire_enum<T>) {
    return value <= enum_last(T{});
  } else if constexpr (std::same_as<T, std::string>) {
    return value.size() <= count_max && is_utf8(value);
  } else if constexpr (std::same_as<T, byte_buffer>) {
    return value.size() <= count_max;
  } else if constexpr (is_optional<T>) {
    return !value || encodable_value(*value, count_max);
  } else if constexpr (is_variant<T>) {
    return std::visit([](const auto& v) { return encodable_value(v, limits::frame_length_limit); },
                      value);
  } else if constexpr (is_vector<T>) {
    return value.size() <= count_max && std::all_of(value.begin(), value.end(), [](const auto& e) {
             return encodable_value(e, limits::frame_length_limit);
           });
  } else {
    return true;  // numbers, truth values and arrays: every value has an encoding
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
  T::fields()([&](const auto&... f) { (void)(one(f) && ...); });
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
  } else if constexpr (wide_signed<T>) {
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

/// True when a peer accepts the encoding of `m`: no field holds more than its limit or an unknown
/// value, and texts are UTF-8. Whether the whole fits its frame is for append_message() to say.
///
/// @cost  O(encoded size), no allocation
template <message M>
[[nodiscard]] bool encodable(const M& m) {
  return detail::encodable_value(m, limits::frame_length_limit);
}

/// Appends the body of `m`, which is encodable(), to `out`.
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
