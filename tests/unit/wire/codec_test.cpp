#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/codec.hpp>

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

enum class colour : std::uint8_t { red, green, blue };
constexpr colour enum_last(colour) noexcept { return colour::blue; }

struct point {
  std::uint32_t x = 0;
  std::int32_t y = 0;
  static constexpr auto fields() { return field_list(field{&point::x}, field{&point::y}); }
  bool operator==(const point&) const = default;
};

// One field of every kind that has an encoding.
struct everything {
  bool flag = false;
  std::uint8_t small = 0;
  std::uint16_t middle = 0;
  std::int64_t folded = 0;
  colour paint{};
  stream_id stream{};
  std::array<std::byte, 2> fixed{};
  std::string text;
  byte_buffer bytes;
  std::optional<point> maybe;
  std::variant<point, std::uint16_t> either;
  std::vector<point> many;

  static constexpr auto fields() {
    using e = everything;
    return field_list(field{&e::flag}, field{&e::small}, field{&e::middle}, field{&e::folded},
                      field{&e::paint}, field{&e::stream}, field{&e::fixed}, field{&e::text, 4},
                      field{&e::bytes, 3}, field{&e::maybe}, field{&e::either}, field{&e::many, 2});
  }
  bool operator==(const everything&) const = default;
};

template <class M>
std::string encoded(const M& m) {
  byte_buffer body;
  encode_body(body, m);
  return to_hex(body);
}

template <class M>
result<M> decoded(std::string_view hex) {
  return decode_body<M>(*from_hex(hex));
}

everything full() {
  everything e;
  e.flag = true;
  e.small = 0xFE;
  e.middle = 300;
  e.folded = -2;
  e.paint = colour::blue;
  e.stream = stream_id{128};
  e.fixed = {std::byte{0xAA}, std::byte{0xBB}};
  e.text = "\xC3\xA9";
  e.bytes = {std::byte{0xFF}};
  e.maybe = point{1, -1};
  e.either = std::uint16_t{5};
  e.many = {point{2, 2}, point{3, -3}};
  return e;
}

constexpr std::string_view full_hex =
    "01"
    "fe"
    "ac02"
    "03"
    "02"
    "8001"
    "aabb"
    "02c3a9"
    "01ff"
    "010101"
    "0105"
    "0202040305";

TEST(Codec, LaysFieldsOutInOrder) {
  EXPECT_EQ(encoded(everything{}),
            "00"
            "00"
            "00"
            "00"
            "00"
            "00"
            "0000"
            "00"
            "00"
            "00"
            "000000"
            "00");
  EXPECT_EQ(encoded(full()), full_hex);
}

TEST(Codec, ReadsBackWhatItWrote) {
  EXPECT_EQ(decoded<everything>(encoded(everything{})), everything{});
  EXPECT_EQ(decoded<everything>(full_hex), full());
}

TEST(Codec, RefusesABodyThatIsCutAnywhere) {
  for (std::size_t digits = 0; digits < full_hex.size(); digits += 2) {
    const auto m = decoded<everything>(full_hex.substr(0, digits));
    ASSERT_FALSE(m) << digits;
    EXPECT_EQ(m.error().code, errc::truncated) << digits;
    EXPECT_LE(m.error().at, digits / 2) << digits;
  }
}

TEST(Codec, RefusesBytesBehindTheEnd) {
  const auto m = decoded<everything>(std::string(full_hex) + "00");
  ASSERT_FALSE(m);
  EXPECT_EQ(m.error().code, errc::trailing_bytes);
  EXPECT_EQ(m.error().at, full_hex.size() / 2);
}

// A body in which one field, found by its place, is replaced.
void expect_refused(std::size_t at, std::size_t bytes, std::string_view by, errc code) {
  std::string hex(full_hex);
  hex.replace(2 * at, 2 * bytes, by);
  const auto m = decoded<everything>(hex);
  ASSERT_FALSE(m) << hex;
  EXPECT_EQ(m.error().code, code) << hex;
  EXPECT_EQ(m.error().at, at) << hex;
}

TEST(Codec, RefusesAFieldThatBreaksItsRuleAndSaysWhere) {
  expect_refused(0, 1, "02", errc::bool_invalid);
  expect_refused(2, 2, "808004", errc::varint_too_long);
  expect_refused(2, 2, "8000", errc::varint_not_shortest);
  expect_refused(5, 1, "03", errc::enum_invalid);
  expect_refused(5, 1, "8200", errc::varint_not_shortest);
  expect_refused(6, 2, "8080808010", errc::varint_too_long);
  expect_refused(10, 3, "02c328", errc::utf8_invalid);
  expect_refused(10, 3, "056161616161", errc::length_above_limit);
  expect_refused(13, 2, "0401020304", errc::length_above_limit);
  expect_refused(15, 1, "02", errc::bool_invalid);
  expect_refused(18, 1, "02", errc::enum_invalid);
  expect_refused(20, 5, "03000000000000", errc::length_above_limit);
}

struct list {
  std::vector<std::uint16_t> numbers;
  static constexpr auto fields() { return field_list(field{&list::numbers}); }
  bool operator==(const list&) const = default;
};

TEST(Codec, ChecksACountAgainstTheBytesThatAreLeft) {
  EXPECT_EQ(decoded<list>("03010203")->numbers.size(), 3U);
  EXPECT_EQ(decoded<list>("04010203").error(), (error{errc::truncated, 0}));
  EXPECT_EQ(decoded<list>("ffffffffffffffffff01").error().code, errc::length_above_limit);
}

TEST(Encodable, SaysWhatAPeerWouldRefuse) {
  EXPECT_TRUE(encodable(everything{}));
  EXPECT_TRUE(encodable(full()));
  const auto with = [](auto change) {
    everything e = full();
    change(e);
    return e;
  };
  for (const everything& e : {
           with([](everything& m) { m.paint = static_cast<colour>(3); }),
           with([](everything& m) { m.text = "12345"; }),
           with([](everything& m) { m.text = "\xFF"; }),
           with([](everything& m) { m.bytes.resize(4); }),
           with([](everything& m) { m.many.resize(3); }),
       }) {
    EXPECT_FALSE(encodable(e));
    EXPECT_FALSE(decoded<everything>(encoded(e)));
  }
}

}  // namespace
