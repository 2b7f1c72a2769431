// Messages to start from: the least, the most, and random ones of every type.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/field.hpp>

#include "fuzz/seeded_random.hpp"

namespace tallow::fuzz {

/// How full a message is: every field at its lowest, anywhere, or at its highest.
enum class fullness { least, random, most };

/// Sequences of the fullest messages stay below a manifest page.
inline constexpr std::size_t sequence_bytes_max = limits::manifest_page_bytes_max - 32;

/// Fills a value so that it is encodable.
struct sampler {
  fullness how = fullness::random;
  seeded_random random{0};

  [[nodiscard]] std::size_t count(std::size_t count_max, std::size_t usual_max) {
    switch (how) {
      case fullness::least: return 0;
      case fullness::random: return random.below(std::min(count_max, usual_max) + 1);
      case fullness::most: return count_max;
    }
    return 0;
  }

  // As many low bits as random, so that each length of a varint is as likely.
  template <class UInt>
  [[nodiscard]] UInt number() {
    constexpr auto digits = static_cast<std::size_t>(std::numeric_limits<UInt>::digits);
    switch (how) {
      case fullness::least: return 0;
      case fullness::random: return static_cast<UInt>(random.next() >> (63 - random.below(digits)));
      case fullness::most: return std::numeric_limits<UInt>::max();
    }
    return 0;
  }

  [[nodiscard]] std::byte byte() {
    switch (how) {
      case fullness::least: return std::byte{0};
      case fullness::random: return random.byte();
      case fullness::most: return std::byte{0xFF};
    }
    return {};
  }

  [[nodiscard]] std::string text(std::size_t count_max) {
    constexpr std::string_view letters[] = {
        "a", "/", "\n", "\xC3\xA9", "\xE2\x80\xAF", "\xF0\x9F\xA6\x86"};
    const std::size_t bytes = count(std::min(count_max, limits::path_bytes_max), 24);
    std::string value;
    while (value.size() < bytes) {
      const std::string_view letter = letters[random.below(std::size(letters))];
      value.append(value.size() + letter.size() <= bytes ? letter : "b");
    }
    return value;
  }

  template <class T>
  void fill(T& value, std::size_t count_max) {
    if constexpr (message<T>) {
      T::fields()([&](const auto&... f) { (fill(value.*f.member, f.count_max), ...); });
    } else if constexpr (std::same_as<T, bool>) {
      value = number<std::uint8_t>() % 2 == 1;
    } else if constexpr (std::unsigned_integral<T>) {
      value = number<T>();
    } else if constexpr (std::signed_integral<T>) {
      // Folded numbers: the least is 0, the most the lowest negative one.
      const auto folded = number<std::make_unsigned_t<T>>();
      value = static_cast<T>((folded >> 1U) ^ (0 - (folded & 1U)));
    } else if constexpr (wire_enum<T>) {
      const auto last = static_cast<std::size_t>(enum_last(T{}));
      value = static_cast<T>(how == fullness::random ? random.below(last + 1)
                                                     : (how == fullness::most ? last : 0));
    } else if constexpr (detail::is_strong<T>) {
      fill(value.value, count_max);
    } else if constexpr (detail::is_byte_array<T>) {
      std::generate(value.begin(), value.end(), [&] { return byte(); });
    } else if constexpr (std::same_as<T, std::string>) {
      value = text(count_max);
    } else if constexpr (std::same_as<T, byte_buffer>) {
      value.resize(count(count_max, 24));
      std::generate(value.begin(), value.end(), [&] { return byte(); });
    } else if constexpr (detail::is_optional<T>) {
      value.reset();
      if (how != fullness::least) fill(value.emplace(), count_max);
    } else if constexpr (detail::is_variant<T>) {
      fill_variant(value, std::make_index_sequence<std::variant_size_v<T>>{});
    } else {
      fill_sequence(value, count_max);
    }
  }

  template <class... T, std::size_t... I>
  void fill_variant(std::variant<T...>& value, std::index_sequence<I...>) {
    const std::size_t index = number<std::uint32_t>() % sizeof...(T);
    ((index == I ? fill(value.template emplace<I>(), limits::frame_length_limit) : void()), ...);
  }

  template <class T>
  void fill_sequence(std::vector<T>& value, std::size_t count_max) {
    value.clear();
    const std::size_t wanted = count(count_max, 5);
    byte_buffer encoded;
    writer out(encoded);
    for (std::size_t i = 0; i < wanted; ++i) {
      T element{};
      fill(element, limits::frame_length_limit);
      detail::encode_value(out, element);
      if (encoded.size() > sequence_bytes_max) break;
      value.push_back(std::move(element));
    }
  }
};

/// A message of type `M`, as full as asked for.
template <message M>
[[nodiscard]] M sample(fullness how, std::uint64_t seed = 1) {
  M m{};
  sampler{how, seeded_random(seed)}.fill(m, limits::frame_length_limit);
  return m;
}

/// Calls `each` with a std::type_identity of every message of a tuple such as relay_messages.
template <class Messages, class Each>
void for_each_message(Each each) {
  [&]<class... M>(std::type_identity<std::tuple<M...>>) {
    (each(std::type_identity<M>{}), ...);
  }(std::type_identity<Messages>{});
}

}  // namespace tallow::fuzz
