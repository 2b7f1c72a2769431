#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/message.hpp>
#include <tallow/wire/peer_messages.hpp>

#include "fuzz/samples.hpp"
#include "support/message_checks.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)
using test::counting;
using test::expect_layout;

TEST(PeerMessages, HaveTheLayoutOfTheProtocol) {
  const entry_failure failure{entry_index{300}, failure_reason::source_changed};
  expect_layout(setup{transfer_role::receiver, counting<16>(), 262144, true, false, true, false, 2,
                      300, direct_use::required},
                "01"
                "000102030405060708090a0b0c0d0e0f"
                "808010"
                "01000100"
                "02"
                "ac02"
                "02");
  expect_layout(lanes{stream_id{128}, 2, true},
                "8001"
                "02"
                "01");
  expect_layout(
      direct_lanes{
          stream_id{128}, 2, {direct_address{counting<4>(), 300}, {counting<16>(), 65535}}},
      "8001"
      "02"
      "02"
      "0000010203"
      "ac02"
      "01000102030405060708090a0b0c0d0e0f"
      "ffff03");
  expect_layout(lane_hello{stream_id{128}}, "8001");
  const manifest_entry file{"a/b", entry_kind::file, 300, 0644, -1, ""};
  const manifest_entry link{"l", entry_kind::symlink, 0, 0, 1, "a/b"};
  expect_layout(manifest_page{page_index{1}, entry_index{128}, true, {file, link}},
                "01"
                "8001"
                "01"
                "02"
                "03612f62"
                "00"
                "ac02"
                "a403"
                "01"
                "00"
                "016c"
                "02"
                "00"
                "00"
                "02"
                "03612f62");
  expect_layout(accept{page_index{1}, {failure}},
                "01"
                "01"
                "ac02"
                "03");
  expect_layout(entries_done{entry_index{128}, {failure, failure}},
                "8001"
                "02"
                "ac0203"
                "ac0203");
  expect_layout(have{chunk_index{128}, {chunk_hash{}}},
                "8001"
                "01" +
                    std::string(32, '0'));
  expect_layout(ack{{chunk_range{chunk_index{1}, 300}, chunk_range{chunk_index{400}, 1}}},
                "02"
                "01ac02"
                "900301");
  expect_layout(verified{}, "");
  expect_layout(ident{{std::byte{9}}}, "0109");
  expect_layout(end{1, 300, 2, {}},
                "01"
                "ac02"
                "02" +
                    std::string(128, '0'));
  expect_layout(end_ack{300, 1, {failure}},
                "ac02"
                "01"
                "01ac0203");
  expect_layout(peer_abort{abort_reason::quota}, "06");
  expect_layout(peer_ping{}, "");
  expect_layout(peer_pong{}, "");
  expect_layout(received{300, true}, "ac0201");
}

TEST(PeerMessages, ComeBackAsTheyWereSent) {
  fuzz::for_each_message<peer_messages>([]<class M>(std::type_identity<M>) {
    test::expect_round_trips<M>(std::to_string(static_cast<unsigned>(M::type)).c_str());
  });
}

TEST(PeerMessages, FitARecordAtTheirFullest) {
  fuzz::for_each_message<peer_messages>([]<class M>(std::type_identity<M>) {
    byte_buffer plaintext;
    append_sealed_plaintext(plaintext, fuzz::sample<M>(fuzz::fullness::most));
    EXPECT_LE(plaintext.size(), limits::control_plaintext_bytes_max)
        << static_cast<unsigned>(M::type);
  });
}

TEST(PeerMessages, HaveTypesOfTheirOwn) {
  std::set<sealed_type> types;
  fuzz::for_each_message<peer_messages>([&]<class M>(std::type_identity<M>) {
    EXPECT_TRUE(types.insert(M::type).second) << static_cast<unsigned>(M::type);
  });
  EXPECT_FALSE(types.contains(sealed_type::data));
  EXPECT_EQ(types.size(), static_cast<std::size_t>(sealed_type::direct_lanes) - 1);
}

TEST(PeerMessages, RefuseMoreThanTheirLimits) {
  manifest_page page;
  page.entries.resize(1);
  page.entries[0].path.assign(limits::path_bytes_max + 1, 'x');
  test::expect_refused(page, errc::length_above_limit);
  page.entries[0].path = "a\x80";
  test::expect_refused(page, errc::utf8_invalid);
  page.entries[0] = {};
  page.entries[0].link_target.assign(limits::link_target_bytes_max + 1, 'x');
  test::expect_refused(page, errc::length_above_limit);
  page.entries.assign(limits::page_entries_max + 1, {});
  test::expect_refused(page, errc::length_above_limit);
  accept declined;
  declined.declined.resize(limits::page_entries_max + 1);
  test::expect_refused(declined, errc::length_above_limit);
  entries_done done;
  done.failed.resize(limits::failed_entries_max + 1);
  test::expect_refused(done, errc::length_above_limit);
  have hashes;
  hashes.hashes.resize(limits::have_hashes_max + 1);
  test::expect_refused(hashes, errc::length_above_limit);
  ack ranges;
  ranges.ranges.resize(limits::ack_ranges_max + 1);
  test::expect_refused(ranges, errc::length_above_limit);
  direct_lanes somewhere;
  somewhere.addresses.resize(limits::direct_addresses_max + 1);
  test::expect_refused(somewhere, errc::length_above_limit);
  ident identity;
  identity.identity.resize(limits::ident_bytes_max + 1);
  test::expect_refused(identity, errc::length_above_limit);
  end_ack failed;
  failed.failed.resize(limits::failed_entries_max + 1);
  test::expect_refused(failed, errc::length_above_limit);
}

TEST(PeerMessages, RefuseUnknownValues) {
  const auto code_of = [](auto m, std::string_view hex) {
    const auto decoded = decode_body<decltype(m)>(*from_hex(hex));
    return decoded ? errc{} : decoded.error().code;
  };
  EXPECT_EQ(code_of(peer_abort{}, "09"), errc::enum_invalid);
  EXPECT_EQ(code_of(setup{}, "02"), errc::enum_invalid);
  EXPECT_EQ(code_of(accept{},
                    "0001"
                    "0007"),
            errc::enum_invalid);
  EXPECT_EQ(code_of(manifest_page{},
                    "000000"
                    "01"
                    "0161"
                    "03"),
            errc::enum_invalid);
  EXPECT_EQ(code_of(manifest_page{}, "000002"), errc::bool_invalid);
}

}  // namespace
