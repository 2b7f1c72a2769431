#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>

namespace {

using tallow::byte_buffer;

TEST(Bytes, ViewsTextAndBack) {
  const std::string_view text("a\0\xFF", 3);
  const tallow::byte_view bytes = tallow::as_bytes(text);
  ASSERT_EQ(bytes.size(), 3U);
  EXPECT_EQ(bytes[2], std::byte{0xFF});
  EXPECT_EQ(tallow::as_text(bytes), text);
  EXPECT_EQ(tallow::as_text(bytes).data(), text.data());
}

TEST(Bytes, ViewsBytesAsUnsignedCharacters) {
  std::array<std::byte, 2> bytes{std::byte{1}, std::byte{0x80}};
  EXPECT_EQ(tallow::as_u8(tallow::byte_view(bytes))[1], 0x80);
  tallow::as_u8(tallow::byte_span(bytes))[0] = 7;
  EXPECT_EQ(bytes[0], std::byte{7});
}

TEST(Bytes, ComparesLengthAndContent) {
  const byte_buffer a{std::byte{1}, std::byte{2}};
  EXPECT_TRUE(tallow::equal(a, byte_buffer(a)));
  EXPECT_TRUE(tallow::equal({}, {}));
  EXPECT_FALSE(tallow::equal(a, tallow::byte_view(a).first(1)));
  EXPECT_FALSE(tallow::equal(tallow::byte_view(a).first(1), a));
  EXPECT_FALSE(tallow::equal(a, byte_buffer{std::byte{1}, std::byte{3}}));
}

TEST(Bytes, AppendsBehindWhatIsThere) {
  byte_buffer buffer{std::byte{1}};
  tallow::append(buffer, byte_buffer{std::byte{2}, std::byte{3}});
  tallow::append(buffer, {});
  EXPECT_EQ(buffer, (byte_buffer{std::byte{1}, std::byte{2}, std::byte{3}}));
}

template <class UInt>
void expect_big_endian(UInt value, std::string_view hex) {
  std::array<std::byte, sizeof(UInt)> bytes{};
  tallow::store_big_endian(value, bytes);
  EXPECT_EQ(tallow::to_hex(bytes), hex);
  EXPECT_EQ(tallow::load_big_endian<UInt>(bytes), value);
}

TEST(Bytes, StoresTheHighestByteFirst) {
  expect_big_endian<std::uint8_t>(0xA1, "a1");
  expect_big_endian<std::uint16_t>(0xA1B2, "a1b2");
  expect_big_endian<std::uint32_t>(0xA1B2C3D4, "a1b2c3d4");
  expect_big_endian<std::uint64_t>(0xA1B2C3D4E5F60718, "a1b2c3d4e5f60718");
  expect_big_endian<std::uint64_t>(0, "0000000000000000");
  expect_big_endian<std::uint32_t>(std::numeric_limits<std::uint32_t>::max(), "ffffffff");
}

TEST(Bytes, SpellsHexadecimalInLowerCase) {
  EXPECT_EQ(tallow::to_hex({}), "");
  EXPECT_EQ(tallow::to_hex(byte_buffer{std::byte{0x0F}, std::byte{0xA0}}), "0fa0");
}

TEST(Bytes, ReadsHexadecimalOfEitherCase) {
  EXPECT_EQ(tallow::from_hex("0Fa0"), (byte_buffer{std::byte{0x0F}, std::byte{0xA0}}));
  EXPECT_EQ(tallow::from_hex(""), byte_buffer{});
  const auto all = tallow::from_hex("0123456789abcdefABCDEF");
  ASSERT_TRUE(all);
  EXPECT_EQ(tallow::to_hex(*all), "0123456789abcdefabcdef");
}

TEST(Bytes, ReadsNothingFromTextThatIsNotHexadecimal) {
  for (const std::string_view text : {"0", "0g", "g0", "0x", " 0", "0f a"}) {
    EXPECT_FALSE(tallow::from_hex(text)) << text;
  }
  // The neighbours of the three ranges of digits.
  for (const char c : {'/', ':', '@', 'G', '`', 'g'}) {
    EXPECT_FALSE(tallow::from_hex(std::string{'0', c})) << c;
  }
}

}  // namespace
