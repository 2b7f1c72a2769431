#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/writer.hpp>

namespace {

using tallow::byte_buffer;
using tallow::writer;

template <class Write>
std::string written(Write write) {
  byte_buffer out;
  writer w(out);
  write(w);
  return tallow::to_hex(out);
}

template <class UInt>
std::string varint(UInt value) {
  return written([&](writer& w) { w.varint(value); });
}

template <class Int>
std::string zigzag(Int value) {
  return written([&](writer& w) { w.zigzag(value); });
}

// The values are those of the postcard wire format's document (postcard.jamesmunns.com,
// wire-format: Unsigned Integer Encoding).
TEST(Writer, EncodesThePublishedUnsignedExamples) {
  EXPECT_EQ(varint<std::uint16_t>(0), "00");
  EXPECT_EQ(varint<std::uint16_t>(127), "7f");
  EXPECT_EQ(varint<std::uint16_t>(128), "8001");
  EXPECT_EQ(varint<std::uint16_t>(16383), "ff7f");
  EXPECT_EQ(varint<std::uint16_t>(16384), "808001");
  EXPECT_EQ(varint<std::uint16_t>(16385), "818001");
  EXPECT_EQ(varint<std::uint16_t>(65535), "ffff03");
}

// The same document, Signed Integer Encoding. For 32767 its table has ff ff 02, which by its own
// rules encodes 0xbfff; its zigzag column (0xfffe) is right, and that is fe ff 03.
TEST(Writer, EncodesThePublishedSignedExamples) {
  EXPECT_EQ(zigzag<std::int16_t>(0), "00");
  EXPECT_EQ(zigzag<std::int16_t>(-1), "01");
  EXPECT_EQ(zigzag<std::int16_t>(1), "02");
  EXPECT_EQ(zigzag<std::int16_t>(63), "7e");
  EXPECT_EQ(zigzag<std::int16_t>(-64), "7f");
  EXPECT_EQ(zigzag<std::int16_t>(64), "8001");
  EXPECT_EQ(zigzag<std::int16_t>(-65), "8101");
  EXPECT_EQ(zigzag<std::int16_t>(32767), "feff03");
  EXPECT_EQ(zigzag<std::int16_t>(-32768), "ffff03");
}

// The same document, Maximum Encoded Length.
TEST(Writer, EncodesTheGreatestValuesInThePublishedLengths) {
  EXPECT_EQ(varint(std::numeric_limits<std::uint16_t>::max()).size(), 2 * 3U);
  EXPECT_EQ(varint(std::numeric_limits<std::uint32_t>::max()), "ffffffff0f");
  EXPECT_EQ(varint(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffffff01");
  EXPECT_EQ(zigzag(std::numeric_limits<std::int32_t>::min()), "ffffffff0f");
  EXPECT_EQ(zigzag(std::numeric_limits<std::int64_t>::min()), "ffffffffffffffffff01");
  EXPECT_EQ(zigzag(std::numeric_limits<std::int64_t>::max()), "feffffffffffffffff01");
}

TEST(Writer, WritesBytesAsTheyAre) {
  EXPECT_EQ(written([](writer& w) { w.u8(0xFE); }), "fe");
  EXPECT_EQ(written([](writer& w) { w.raw(tallow::as_bytes("ab")); }), "6162");
  EXPECT_EQ(written([](writer& w) { w.boolean(false); }), "00");
  EXPECT_EQ(written([](writer& w) { w.boolean(true); }), "01");
}

TEST(Writer, CountsBeforeTheBytes) {
  EXPECT_EQ(written([](writer& w) { w.counted({}); }), "00");
  EXPECT_EQ(written([](writer& w) { w.counted(tallow::as_bytes("ab")); }), "026162");
  EXPECT_EQ(written([](writer& w) { w.counted(byte_buffer(128)); }).substr(0, 6), "800100");
}

TEST(Writer, AppendsBehindWhatIsThere) {
  byte_buffer out{std::byte{0xAA}};
  writer(out).u8(1);
  EXPECT_EQ(tallow::to_hex(out), "aa01");
}

}  // namespace
