#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/reader.hpp>
#include <tallow/wire/writer.hpp>

namespace {

using tallow::byte_buffer;
using tallow::errc;
using tallow::reader;

/// A reader of bytes in hexadecimal, and what it left.
struct input {
  byte_buffer bytes;
  reader in;
  explicit input(std::string_view hex) : bytes(*tallow::from_hex(hex)), in(bytes) {}
};

template <class UInt>
tallow::result<UInt> varint(std::string_view hex) {
  input i(hex);
  const auto value = i.in.varint<UInt>();
  EXPECT_TRUE(!value || i.in.left() == 0) << hex;
  return value;
}

template <class UInt>
void expect_refused(std::string_view hex, errc code) {
  input i("aa" + std::string(hex));
  (void)i.in.u8();
  const auto value = i.in.varint<UInt>();
  ASSERT_FALSE(value) << hex;
  EXPECT_EQ(value.error().code, code) << hex;
  EXPECT_EQ(value.error().at, 1U) << hex;
}

// Values from the postcard wire format's document (postcard.jamesmunns.com, wire-format).
TEST(Reader, DecodesThePublishedUnsignedExamples) {
  EXPECT_EQ(varint<std::uint16_t>("00"), 0);
  EXPECT_EQ(varint<std::uint16_t>("7f"), 127);
  EXPECT_EQ(varint<std::uint16_t>("8001"), 128);
  EXPECT_EQ(varint<std::uint16_t>("ff7f"), 16383);
  EXPECT_EQ(varint<std::uint16_t>("808001"), 16384);
  EXPECT_EQ(varint<std::uint16_t>("818001"), 16385);
  EXPECT_EQ(varint<std::uint16_t>("ffff03"), 65535);
}

TEST(Reader, DecodesThePublishedSignedExamples) {
  const auto zigzag = [](std::string_view hex) { return *input(hex).in.zigzag<std::int16_t>(); };
  EXPECT_EQ(zigzag("00"), 0);
  EXPECT_EQ(zigzag("01"), -1);
  EXPECT_EQ(zigzag("02"), 1);
  EXPECT_EQ(zigzag("7e"), 63);
  EXPECT_EQ(zigzag("7f"), -64);
  EXPECT_EQ(zigzag("8001"), 64);
  EXPECT_EQ(zigzag("8101"), -65);
  EXPECT_EQ(zigzag("feff03"), 32767);
  EXPECT_EQ(zigzag("ffff03"), -32768);
}

// The same document, Canonicalization: what postcard refuses, and what it accepts but Tallow does
// not, because a value has one encoding here.
TEST(Reader, RefusesThePublishedExamplesThatAreNotCanonical) {
  expect_refused<std::uint16_t>("8000", errc::varint_not_shortest);
  expect_refused<std::uint16_t>("808000", errc::varint_not_shortest);
  expect_refused<std::uint16_t>("80808000", errc::varint_too_long);
  expect_refused<std::uint16_t>("ffff07", errc::varint_too_long);
  expect_refused<std::uint16_t>("ffff8300", errc::varint_too_long);
}

TEST(Reader, TakesTheGreatestValueOfEachWidthAndNoGreater) {
  EXPECT_EQ(varint<std::uint8_t>("ff01"), 0xFF);
  EXPECT_EQ(varint<std::uint32_t>("ffffffff0f"), 0xFFFFFFFF);
  EXPECT_EQ(varint<std::uint64_t>("ffffffffffffffffff01"),
            std::numeric_limits<std::uint64_t>::max());
  expect_refused<std::uint8_t>("8002", errc::varint_too_long);
  expect_refused<std::uint16_t>("808004", errc::varint_too_long);
  expect_refused<std::uint32_t>("8080808010", errc::varint_too_long);
  expect_refused<std::uint64_t>("80808080808080808002", errc::varint_too_long);
  expect_refused<std::uint64_t>("ffffffffffffffffff81", errc::varint_too_long);
}

TEST(Reader, RefusesAVarintThatIsNotTheShortest) {
  expect_refused<std::uint32_t>("8000", errc::varint_not_shortest);
  expect_refused<std::uint64_t>("ff00", errc::varint_not_shortest);
  expect_refused<std::uint64_t>("80808080808080808000", errc::varint_not_shortest);
}

TEST(Reader, RefusesAVarintWithoutItsEnd) {
  expect_refused<std::uint32_t>("", errc::truncated);
  expect_refused<std::uint32_t>("80", errc::truncated);
  expect_refused<std::uint64_t>("ffffffffffffffffff", errc::truncated);
}

TEST(Reader, ReadsBackWhatAWriterWroteOfEveryLength) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value :
         {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, (std::uint64_t{1} << bit) + 1}) {
      byte_buffer bytes;
      tallow::writer w(bytes);
      w.varint(value);
      w.zigzag(static_cast<std::int64_t>(value));
      w.zigzag(-static_cast<std::int64_t>(value >> 1U));
      reader in(bytes);
      EXPECT_EQ(in.varint<std::uint64_t>(), value);
      EXPECT_EQ(in.zigzag<std::int64_t>(), static_cast<std::int64_t>(value));
      EXPECT_EQ(in.zigzag<std::int64_t>(), -static_cast<std::int64_t>(value >> 1U));
      EXPECT_TRUE(in.finish());
    }
  }
}

TEST(Reader, TakesOnlyZeroAndOneForTruth) {
  EXPECT_EQ(input("00").in.boolean(), false);
  EXPECT_EQ(input("01").in.boolean(), true);
  for (const std::string_view hex : {"02", "80", "ff"}) {
    EXPECT_EQ(input(hex).in.boolean().error().code, errc::bool_invalid) << hex;
  }
  EXPECT_EQ(input("").in.boolean().error().code, errc::truncated);
}

TEST(Reader, NeverReadsPastTheEnd) {
  input i("010203");
  EXPECT_EQ(i.in.raw(4).error().code, errc::truncated);
  EXPECT_EQ(i.in.raw(std::numeric_limits<std::size_t>::max()).error().code, errc::truncated);
  EXPECT_EQ(i.in.left(), 3U);
  ASSERT_TRUE(i.in.raw(3));
  EXPECT_EQ(i.in.u8().error().at, 3U);
  EXPECT_TRUE(i.in.raw(0));
}

TEST(Reader, GivesViewsIntoTheBody) {
  input i("026162");
  const auto bytes = i.in.counted(2);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->data(), i.bytes.data() + 1);
}

TEST(Reader, ChecksACountAgainstItsLimitAndThenAgainstTheRest) {
  EXPECT_TRUE(input("026162").in.counted(2));
  EXPECT_EQ(input("026162").in.counted(1).error().code, errc::length_above_limit);
  EXPECT_EQ(input("036162").in.counted(3).error().code, errc::truncated);
  EXPECT_EQ(input("ffffffffffffffffff01").in.counted(64).error().code, errc::length_above_limit);
  EXPECT_EQ(input("ffffffffffffffffff01").in.counted(SIZE_MAX).error().code, errc::truncated);
}

TEST(Reader, RefusesTextThatIsNotUtf8WhereItsCountStands) {
  EXPECT_EQ(input("03e282ac").in.text(3), "\xE2\x82\xAC");
  input i(
      "00"
      "02c328");
  (void)i.in.u8();
  const auto text = i.in.text(64);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, errc::utf8_invalid);
  EXPECT_EQ(text.error().at, 1U);
}

TEST(Reader, RefusesToFinishBeforeTheEnd) {
  input i("0001");
  (void)i.in.u8();
  EXPECT_EQ(i.in.finish().error().code, errc::trailing_bytes);
  EXPECT_EQ(i.in.finish().error().at, 1U);
  (void)i.in.u8();
  EXPECT_TRUE(i.in.finish());
}

}  // namespace
