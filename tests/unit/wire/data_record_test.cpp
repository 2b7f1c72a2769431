#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/data_record.hpp>

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

TEST(DataRecord, StandsAtFixedOffsets) {
  std::array<std::byte, limits::data_prefix_bytes> prefix{};
  encode_data_prefix(prefix, chunk_codec::zstd, chunk_index{0x0102030405060708});
  EXPECT_EQ(to_hex(prefix),
            "08"
            "01"
            "0102030405060708");
}

TEST(DataRecord, GivesAViewOfItsBytes) {
  const byte_buffer plaintext = *from_hex(
      "08"
      "00"
      "ffffffffffffffff"
      "aabb");
  const auto data = decode_data(plaintext);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->codec, chunk_codec::none);
  EXPECT_EQ(data->chunk.value, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(data->bytes.data(), plaintext.data() + 10);
  EXPECT_EQ(data->bytes.size(), 2U);
}

TEST(DataRecord, MayBeEmpty) {
  const byte_buffer plaintext = *from_hex(
      "08"
      "01"
      "0000000000000000");
  ASSERT_TRUE(decode_data(plaintext));
  EXPECT_TRUE(decode_data(plaintext)->bytes.empty());
}

errc refusal(std::string_view hex) {
  const byte_buffer plaintext = *from_hex(hex);
  const auto data = decode_data(plaintext);
  return data ? errc{} : data.error().code;
}

TEST(DataRecord, RefusesWhatIsNone) {
  EXPECT_EQ(refusal(""), errc::truncated);
  EXPECT_EQ(refusal("08"
                    "00"
                    "00000000000000"),
            errc::truncated);
  EXPECT_EQ(refusal("09"
                    "00"
                    "0000000000000000"),
            errc::message_type_unknown);
  EXPECT_EQ(refusal("08"
                    "02"
                    "0000000000000000"),
            errc::codec_unknown);
  EXPECT_EQ(refusal("08"
                    "ff"
                    "0000000000000000"),
            errc::codec_unknown);
}

}  // namespace
