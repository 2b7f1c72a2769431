// Messages, against the vectors in tests/vectors/tallow/messages.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tallow/wire/data_record.hpp>
#include <tallow/wire/message.hpp>

#include "conformance/message_json.hpp"
#include "conformance/vector_file.hpp"
#include "fuzz/samples.hpp"

namespace tallow {
namespace {

using nlohmann::json;
using test::outcome_of;
using test::vector_file;

// Each of the shorter fronts of a long body would take its time.
constexpr std::size_t fronts_max = 600;

template <message M>
std::string name_of() {
  if constexpr (std::same_as<std::remove_cv_t<decltype(M::type)>, frame_type>) {
    std::string name = frame_name(M::type);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return name;
  } else {
    return "";
  }
}

/// Calls `check` with each of so many lengths that are shorter than `size`.
template <class Check>
void for_each_front(std::size_t size, Check check) {
  const std::size_t step = size / fronts_max + 1;
  for (std::size_t length = 0; length < size; length += step) check(length);
  if (size > 0) check(size - 1);
}

template <message M>
void check_relay(const vector_file& v) {
  const auto m = decode_body<M>(v.body);
  EXPECT_EQ(outcome_of(m), v.expect());
  if (!v.succeeds() || !m) return;
  byte_buffer again;
  encode_body(again, *m);
  EXPECT_EQ(again, v.body);
  EXPECT_LE(again.size(), *frame_bytes_max(static_cast<std::uint8_t>(M::type)));
  if (v.has("value")) {
    EXPECT_EQ(test::json_of(*m), json::parse(v.text("value")));
  }
  for_each_front(v.body.size(), [&](std::size_t length) {
    EXPECT_EQ(outcome_of(decode_body<M>(byte_view(v.body).first(length))), "truncated") << length;
  });
  again.push_back(std::byte{0});
  EXPECT_EQ(outcome_of(decode_body<M>(again)), "trailing_bytes");
}

void check_relay(const vector_file& v) {
  const std::string wanted = v.text("message");
  bool known = false;
  fuzz::for_each_message<relay_messages>([&]<class M>(std::type_identity<M>) {
    if (wanted != name_of<M>()) return;
    known = true;
    check_relay<M>(v);
  });
  EXPECT_TRUE(known) << "no message is called " << wanted;
}

void check_sealed(const vector_file& v) {
  byte_buffer again;
  json value;
  const auto seen = visit_sealed(v.body, [&](const auto& m) -> result<void> {
    append_sealed_plaintext(again, m);
    value = test::json_of(m);
    return {};
  });
  EXPECT_EQ(outcome_of(seen), v.expect());
  if (!v.succeeds() || !seen) return;
  EXPECT_EQ(again, v.body);
  EXPECT_LE(again.size(), limits::control_plaintext_bytes_max);
  if (v.has("value")) {
    EXPECT_EQ(value, json::parse(v.text("value")));
  }
  const auto outcome_without_effect = [](byte_view plaintext) {
    return outcome_of(visit_sealed(plaintext, [](const auto&) -> result<void> { return {}; }));
  };
  for_each_front(v.body.size(), [&](std::size_t length) {
    EXPECT_EQ(outcome_without_effect(byte_view(v.body).first(length)), "truncated") << length;
  });
  again.push_back(std::byte{0});
  EXPECT_EQ(outcome_without_effect(again), "trailing_bytes");
}

void check_data(const vector_file& v) {
  const auto data = decode_data(v.body);
  EXPECT_EQ(outcome_of(data), v.expect());
  if (!v.succeeds() || !data) return;
  EXPECT_EQ(static_cast<std::uint64_t>(data->codec), v.number("codec"));
  EXPECT_EQ(data->chunk.value, v.number("chunk"));
  EXPECT_EQ(data->bytes.size(), v.number("content_bytes"));
  std::array<std::byte, limits::data_prefix_bytes> prefix{};
  encode_data_prefix(prefix, data->codec, data->chunk);
  EXPECT_TRUE(equal(prefix, byte_view(v.body).first(prefix.size())));
  EXPECT_TRUE(equal(data->bytes, byte_view(v.body).subspan(prefix.size())));
}

void check(const vector_file& v) {
  if (v.text("kind") == "relay") return check_relay(v);
  if (v.text("kind") == "sealed") return check_sealed(v);
  EXPECT_EQ(v.text("kind"), "data");
  check_data(v);
}

TEST(ConformanceOfMessages, HoldsForEachVector) { test::for_each_vector("messages", check); }

}  // namespace
}  // namespace tallow
