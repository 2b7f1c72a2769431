// What holds for every message, whoever sends it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/codec.hpp>

#include "fuzz/samples.hpp"

namespace tallow::test {

/// The bytes 0, 1, 2 and so on.
template <std::size_t N>
[[nodiscard]] std::array<std::byte, N> counting() {
  std::array<std::byte, N> bytes{};
  for (std::size_t i = 0; i < N; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

template <message M>
[[nodiscard]] byte_buffer encoded(const M& m) {
  byte_buffer body;
  encode_body(body, m);
  return body;
}

/// Pins a message's bytes: a field that moves or changes its type fails here, though it would
/// still come back as it was sent.
template <message M>
void expect_layout(const M& m, std::string_view hex) {
  EXPECT_EQ(to_hex(encoded(m)), hex);
  const auto decoded = decode_body<M>(*from_hex(hex));
  ASSERT_TRUE(decoded) << hex << ": " << describe(decoded.error());
  EXPECT_EQ(*decoded, m) << hex;
}

template <message M>
void expect_round_trip(const M& m, const char* name) {
  const byte_buffer body = encoded(m);
  ASSERT_TRUE(encodable(m)) << name;
  const auto decoded = decode_body<M>(body);
  ASSERT_TRUE(decoded) << name << ": " << describe(decoded.error());
  EXPECT_EQ(*decoded, m) << name;
}

/// At its least, at its most, and anywhere between.
template <message M>
void expect_round_trips(const char* name) {
  expect_round_trip(fuzz::sample<M>(fuzz::fullness::least), name);
  expect_round_trip(fuzz::sample<M>(fuzz::fullness::most), name);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    expect_round_trip(fuzz::sample<M>(fuzz::fullness::random, seed), name);
  }
}

/// A message that can be written down but is refused by whoever reads it.
template <message M>
void expect_refused(const M& m, errc code) {
  EXPECT_FALSE(encodable(m));
  const auto decoded = decode_body<M>(encoded(m));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, code);
}

}  // namespace tallow::test
