#include "tools/tallow-cli/mdns_message.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace tallow::cli::mdns {
namespace {

constexpr std::string_view name_on_the_wire{
    "\x01"
    "7\x07"
    "_tallow\x04"
    "_tcp\x05"
    "local\0",
    22};

service one_service() {
  service one{7, "tallow-0a1b2c3d", 9009};
  one.key.fill(std::byte{0xAB});
  one.addresses = {asio::ip::make_address("192.168.1.7"), asio::ip::make_address("fd00::7")};
  return one;
}

std::string text_of(const std::vector<std::byte>& bytes) { return std::string(as_text(bytes)); }

message read(const std::vector<std::byte>& bytes) {
  const auto found = read_message(bytes);
  EXPECT_TRUE(found) << text_of(bytes);
  return found.value_or(message());
}

// The name as a stranger may spell it.
std::vector<std::byte> with_replaced(std::vector<std::byte> bytes, std::string_view from,
                                     std::string_view to) {
  const auto found =
      std::search(bytes.begin(), bytes.end(), as_bytes(from).begin(), as_bytes(from).end());
  EXPECT_NE(found, bytes.end());
  std::copy(as_bytes(to).begin(), as_bytes(to).end(), found);
  return bytes;
}

TEST(MdnsMessage, AsksAsTheStandardHasIt) {
  std::string expected("\0\0\0\0\0\1\0\0\0\0\0\0", 12);
  expected += name_on_the_wire;
  expected += std::string_view("\0\xFF\0\1", 4);  // all types, class IN
  EXPECT_EQ(text_of(question_for(7)), expected);
  EXPECT_EQ(read(question_for(7)).asked, std::vector<std::uint32_t>{7});
  EXPECT_EQ(read(question_for(0)).asked, std::vector<std::uint32_t>{0});
  EXPECT_EQ(read(question_for(999'999'999)).asked, std::vector<std::uint32_t>{999'999'999});
}

TEST(MdnsMessage, TellsAllThatIsToBeKnown) {
  const service told = one_service();
  const message heard = read(announcement_of(told));
  ASSERT_EQ(heard.found.size(), 1U);
  EXPECT_EQ(heard.found[0].nameplate, told.nameplate);
  EXPECT_EQ(heard.found[0].host, told.host);
  EXPECT_EQ(heard.found[0].port, told.port);
  EXPECT_EQ(heard.found[0].key, told.key);
  EXPECT_EQ(heard.found[0].addresses, told.addresses);
  EXPECT_EQ(heard.claimed, (std::vector<claim>{{7, told.host}}));
  EXPECT_LE(announcement_of(told).size(), message_bytes_max);
}

TEST(MdnsMessage, AProbeClaimsAndFindsNothing) {
  const message heard = read(probe_for(one_service()));
  EXPECT_EQ(heard.asked, std::vector<std::uint32_t>{7});
  EXPECT_EQ(heard.claimed, (std::vector<claim>{{7, "tallow-0a1b2c3d"}}));
  EXPECT_TRUE(heard.found.empty());
}

TEST(MdnsMessage, WhatGoesIsNotFound) {
  const message heard = read(goodbye_of(one_service()));
  EXPECT_TRUE(heard.found.empty());
  EXPECT_TRUE(heard.claimed.empty());
}

TEST(MdnsMessage, CapitalsMeanTheSame) {
  const auto question = with_replaced(question_for(7), "_tallow", "_TaLLoW");
  EXPECT_EQ(read(question).asked, std::vector<std::uint32_t>{7});
}

TEST(MdnsMessage, WhatIsNotOursIsLeftOut) {
  EXPECT_TRUE(read(with_replaced(question_for(7), "_tallow", "_tellow")).asked.empty());
  EXPECT_TRUE(read(with_replaced(question_for(7),
                                 "\x01"
                                 "7",
                                 "\x01"
                                 "x"))
                  .asked.empty());
  EXPECT_TRUE(read(with_replaced(question_for(17), "17", "07")).asked.empty());
  EXPECT_TRUE(
      read(with_replaced(announcement_of(one_service()), "key=ab", "kex=ab")).found.empty());
  EXPECT_TRUE(
      read(with_replaced(announcement_of(one_service()), "key=ab", "key=xb")).found.empty());
  // A host whose name a terminal would obey, or no other program would take.
  EXPECT_TRUE(read(with_replaced(announcement_of(one_service()), "tallow-0",
                                 "tallow\x1b"
                                 "0"))
                  .found.empty());
}

TEST(MdnsMessage, ASearchForAllIsOneForOurs) {
  // The question of one service, without the label of its number.
  std::vector<std::byte> all = question_for(7);
  all.erase(all.begin() + 12, all.begin() + 14);
  EXPECT_TRUE(read(all).asks_all);
}

TEST(MdnsMessage, APieceIsNoMessageAndDoesNoHarm) {
  const std::vector<std::byte> whole = announcement_of(one_service());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto piece = read_message(byte_view(whole).first(size));
    EXPECT_TRUE(!piece || piece->found.empty()) << size;
  }
}

TEST(MdnsMessage, WhatIsTooLongIsNotRead) {
  EXPECT_FALSE(read_message(std::vector<std::byte>(message_bytes_max + 1)));
}

}  // namespace
}  // namespace tallow::cli::mdns
