#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/message.hpp>
#include <tallow/wire/relay_messages.hpp>

#include "fuzz/samples.hpp"
#include "support/message_checks.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)
using test::counting;
using test::expect_layout;

constexpr std::string_view counting_16 = "000102030405060708090a0b0c0d0e0f";

TEST(RelayMessages, HaveTheLayoutOfTheProtocol) {
  const relay_limits told{300, 86400, 16};
  const std::string told_hex =
      "ac02"
      "80a305"
      "10";
  expect_layout(client_hello{{1, 300}, "tallow"},
                "0201ac02"
                "0674616c6c6f77");
  expect_layout(relay_hello{1, "r", told, "\xC3\xA9"},
                "01"
                "0172" +
                    told_hex + "02c3a9");
  expect_layout(create_room{counting<16>(), want::receive, true},
                std::string(counting_16) + "0101");
  expect_layout(room_created{4711, counting<16>(), 86400, told},
                "e724" + std::string(counting_16) + "80a305" + told_hex);
  expect_layout(join_room{counting<16>(), side_id{}, want::either},
                std::string(counting_16) + std::string(32, '0') + "0200");
  expect_layout(room_joined{place::second, told}, "01" + told_hex);
  expect_layout(peer_joined{arrival::turned_away}, "01");
  expect_layout(peer_left{leave_reason::slow_consumer}, "05");
  expect_layout(peer_slice{stream_id{300}, {std::byte{7}, std::byte{8}}},
                "ac02"
                "020708");
  expect_layout(room_confirm{}, "");
  expect_layout(lane_request{128}, "8001");
  expect_layout(lane_tickets{{lane_ticket{}, lane_ticket{}}}, "02" + std::string(128, '0'));
  expect_layout(lane_open{lane_ticket{}}, "00" + std::string(64, '0'));
  expect_layout(lane_open{stream_id{200}},
                "01"
                "c801");
  expect_layout(quota_warning{1U << 14U}, "808001");
  expect_layout(goaway{1000, 300},
                "e807"
                "ac02");
  expect_layout(error_report{relay_error_code::quota, 1000, 300, {1, 2}},
                "09"
                "e807"
                "ac02"
                "020102");
  expect_layout(relay_ping{}, "");
  expect_layout(relay_pong{}, "");
  expect_layout(close_room{close_reason::spent}, "01");
}

TEST(RelayMessages, ComeBackAsTheyWereSent) {
  fuzz::for_each_message<relay_messages>(
      []<class M>(std::type_identity<M>) { test::expect_round_trips<M>(frame_name(M::type)); });
}

TEST(RelayMessages, FitTheirFramesAtTheirFullest) {
  fuzz::for_each_message<relay_messages>([]<class M>(std::type_identity<M>) {
    byte_buffer stream;
    EXPECT_TRUE(append_message(stream, fuzz::sample<M>(fuzz::fullness::most)))
        << frame_name(M::type);
  });
}

TEST(RelayMessages, AreOneForEachFrameBetweenClientAndRelay) {
  std::set<frame_type> types;
  fuzz::for_each_message<relay_messages>([&]<class M>(std::type_identity<M>) {
    EXPECT_TRUE(types.insert(M::type).second) << frame_name(M::type);
  });
#define TALLOW_X(name, number, bytes_max)                                                       \
  EXPECT_EQ(types.contains(frame_type::name), frames_to_relay.contains(frame_type::name) ||     \
                                                  frames_from_relay.contains(frame_type::name)) \
      << #name;
  TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X
}

TEST(RelayMessages, RefuseMoreThanTheirLimits) {
  client_hello versions;
  versions.versions.resize(limits::relay_versions_max + 1);
  test::expect_refused(versions, errc::length_above_limit);
  client_hello software;
  software.software.assign(limits::software_bytes_max + 1, 'x');
  test::expect_refused(software, errc::length_above_limit);
  relay_hello notice;
  notice.notice.assign(limits::notice_bytes_max + 1, 'x');
  test::expect_refused(notice, errc::length_above_limit);
  notice.notice = "\xED\xA0\x80";
  test::expect_refused(notice, errc::utf8_invalid);
  lane_tickets tickets;
  tickets.tickets.resize(limits::lane_tickets_max + 1);
  test::expect_refused(tickets, errc::length_above_limit);
  peer_slice slice;
  slice.bytes.resize(limits::peer_slice_bytes_max + 1);
  test::expect_refused(slice, errc::length_above_limit);
  error_report report;
  report.versions.resize(limits::relay_versions_max + 1);
  test::expect_refused(report, errc::length_above_limit);
}

TEST(RelayMessages, RefuseUnknownValues) {
  const auto refused = [](auto m, std::string_view hex) {
    const auto decoded = decode_body<decltype(m)>(*from_hex(hex));
    return !decoded && decoded.error().code == errc::enum_invalid;
  };
  EXPECT_TRUE(refused(create_room{}, std::string(counting_16) + "0300"));
  EXPECT_TRUE(refused(peer_joined{}, "02"));
  EXPECT_TRUE(refused(peer_left{}, "07"));
  EXPECT_TRUE(refused(close_room{}, "03"));
  EXPECT_TRUE(refused(lane_open{}, "02"));
}

}  // namespace
