#include <set>

#include <gtest/gtest.h>

#include <tallow/crypto/key_schedule.hpp>

#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

TEST(Expand, HashesLengthLabelAndContext) {
  const schedule_secret secret;
  const byte_buffer context = test::hex("aabb");
  // 0020 | 0e "tallow/1 room" is 13 | 02 aabb
  byte_buffer info = test::hex("00200d");
  append(info, as_bytes("tallow/1 room"));
  append(info, test::hex("02aabb"));
  byte_buffer expected(32);
  hkdf_expand(hash_kind::sha512, secret.view(), info, expected);
  EXPECT_TRUE(equal(expand<32>(secret, "room", context).view(), expected));
}

TEST(Expand, GivesEachUseItsOwnBytes) {
  const schedule_secret secret;
  std::set<std::string> seen;
  for (const auto label : {label::derived, label::master, label::resume, label::exporter,
                           label::traffic_i2r, label::traffic_r2i, label::mask_secret,
                           label::confirm_initiator, label::confirm_responder}) {
    seen.insert(to_hex(expand<64>(secret, label, {}).view()));
  }
  seen.insert(to_hex(expand<64>(secret, label::resume, test::hex("00")).view()));
  EXPECT_EQ(seen.size(), 10U);
  EXPECT_NE(to_hex(expand<32>(secret, label::resume, {}).view()),
            to_hex(expand<64>(secret, label::resume, {}).view().first(32)));
}

TEST(Transcript, TellsMessagesApartThatJoinAlike) {
  transcript a;
  a.add(as_bytes("ab"));
  a.add(as_bytes("c"));
  transcript b;
  b.add(as_bytes("a"));
  EXPECT_NE(a.digest(), b.digest_with(as_bytes("bc")));
  b.add(as_bytes("bc"));
  EXPECT_NE(a.digest(), b.digest());
  EXPECT_NE(a.digest(), a.digest_with({})) << "an empty message counts";
}

TEST(RecordKeys, DifferByStreamAndSecret) {
  traffic_secret a;
  traffic_secret b;
  b.span()[0] = std::byte{1};
  std::set<std::string> keys;
  for (const auto* secret : {&a, &b}) {
    for (const std::uint32_t stream : {0U, 1U, 256U, 0xffffffffU}) {
      const auto made = record_keys_of(*secret, stream_id{stream});
      keys.insert(to_hex(made.key.view()));
      keys.insert(to_hex(made.iv.view()));
    }
  }
  EXPECT_EQ(keys.size(), 16U);
}

// By an implementation of HKDF in another language.
TEST(LaneTicket, IsMadeOfTheSecretAndTheStream) {
  traffic_secret secret;
  for (std::size_t i = 0; i < secret.span().size(); ++i) secret.span()[i] = std::byte(i);
  EXPECT_EQ(to_hex(lane_ticket_of(secret, stream_id{7}).view()),
            "42fd5a237d0d577cb65ca0219d0c4791"
            "4379f1d326e504ff3f521932f14eba95");
  EXPECT_NE(to_hex(lane_ticket_of(secret, stream_id{8}).view()),
            to_hex(lane_ticket_of(secret, stream_id{7}).view()));
  EXPECT_NE(to_hex(record_keys_of(secret, stream_id{7}).key.view()),
            to_hex(lane_ticket_of(secret, stream_id{7}).view()));
}

}  // namespace
}  // namespace tallow::crypto
