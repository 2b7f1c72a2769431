#include <gtest/gtest.h>

#include <tallow/transfer/lane.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>

namespace tallow::transfer {
namespace {

constexpr std::size_t chunk = limits::chunk_bytes_min;
constexpr auto suite = crypto::cipher_suite::aes_256_gcm;

crypto::traffic_secret secret(char fill) {
  std::array<std::byte, 64> bytes{};
  bytes.fill(static_cast<std::byte>(fill));
  return crypto::traffic_secret(std::span<const std::byte, 64>(bytes));
}

outgoing_lane lane_out(stream_id id, char key = 'k') {
  return {id, crypto::record_sealer::make(suite, secret(key), id).value(), chunk};
}
incoming_lane lane_in(stream_id id, stream_id key_of, char key = 'k') {
  return {id, crypto::record_opener::make(suite, secret(key), key_of).value(), chunk};
}
incoming_lane lane_in(stream_id id) { return lane_in(id, id); }

std::vector<memory_file> one_file() {
  std::vector<memory_file> files(1);
  files[0].about.path = "f";
  files[0].bytes.assign(2 * chunk, std::byte{'x'});
  return files;
}

// A sender whose one file was accepted, so that it has chunks to give.
struct ready_sender {
  ready_sender() {
    setup m;
    m.role = transfer_role::receiver;
    EXPECT_TRUE(from.handle(m, {}).has_value());
    while (from.poll_message({}).value()) {
    }
    EXPECT_TRUE(from.handle(accept{}, {}).has_value());
  }
  std::vector<memory_file> files = one_file();
  memory_source source{files};
  sender<memory_source> from{source, {{}, chunk}};
};

byte_buffer frames_of(outgoing_lane& lane, ready_sender& s, bool with_hello = true) {
  byte_buffer all;
  if (with_hello) all = lane.hello().value();
  for (;;) {
    const auto frame = lane.next_frame(s.from);
    EXPECT_TRUE(frame.has_value());
    if (frame->empty()) return all;
    append(all, *frame);
  }
}

TEST(Lane, CarriesChunksHoweverTheBytesAreSplit) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    ready_sender s;
    outgoing_lane out = lane_out(stream_id{1});
    byte_buffer bytes = frames_of(out, s);
    incoming_lane in = lane_in(stream_id{1});
    std::vector<std::uint64_t> chunks;
    for (byte_span rest = bytes; !rest.empty();) {
      byte_span part = rest.first(std::min(step, rest.size()));
      rest = rest.subspan(part.size());
      for (;;) {
        const auto data = in.next(part);
        ASSERT_TRUE(data.has_value()) << describe(data.error());
        if (!*data) break;
        chunks.push_back((*data)->chunk.value);
        EXPECT_EQ((*data)->bytes.size(), chunk);
        EXPECT_EQ((*data)->bytes[0], std::byte{'x'});
      }
    }
    EXPECT_EQ(chunks, (std::vector<std::uint64_t>{0, 1}));
  }
}

errc first_error(incoming_lane in, byte_buffer bytes) {
  byte_span rest = bytes;
  for (;;) {
    const auto data = in.next(rest);
    if (!data) return data.error().code;
    if (!*data) return errc{};
  }
}

TEST(Lane, DoesNotOpenWithTheKeyOfAnotherStream) {
  ready_sender s;
  outgoing_lane out = lane_out(stream_id{1});
  EXPECT_EQ(first_error(lane_in(stream_id{2}), frames_of(out, s)), errc::authentication_failed);
}

TEST(Lane, RefusesAGreetingForAnotherStream) {
  ready_sender s;
  outgoing_lane out = lane_out(stream_id{1});
  // The key is right, the lane is not the one that was announced.
  EXPECT_EQ(first_error(lane_in(stream_id{2}, stream_id{1}), frames_of(out, s)),
            errc::stream_id_used);
}

TEST(Lane, RefusesDataBeforeTheGreeting) {
  ready_sender s;
  outgoing_lane out = lane_out(stream_id{1});
  EXPECT_EQ(first_error(lane_in(stream_id{1}), frames_of(out, s, false)),
            errc::peer_message_unexpected);
}

TEST(Lane, RefusesASecondGreeting) {
  outgoing_lane out = lane_out(stream_id{1});
  byte_buffer bytes = out.hello().value();
  append(bytes, out.hello().value());
  EXPECT_EQ(first_error(lane_in(stream_id{1}), bytes), errc::peer_message_unexpected);
}

TEST(Lane, RefusesADroppedARepeatedAndAChangedRecord) {
  ready_sender s;
  outgoing_lane out = lane_out(stream_id{1});
  const byte_buffer hello = out.hello().value();
  const byte_buffer data = frames_of(out, s, false);
  const std::size_t half = data.size() / 2;
  const byte_buffer first(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(half));
  const byte_buffer second(data.begin() + static_cast<std::ptrdiff_t>(half), data.end());
  const auto joined = [](std::initializer_list<byte_buffer> parts) {
    byte_buffer all;
    for (const byte_buffer& p : parts) append(all, p);
    return all;
  };
  EXPECT_EQ(first_error(lane_in(stream_id{1}), joined({hello, first, second})), errc{});
  EXPECT_EQ(first_error(lane_in(stream_id{1}), joined({hello, second})),
            errc::authentication_failed);
  EXPECT_EQ(first_error(lane_in(stream_id{1}), joined({hello, first, first})),
            errc::authentication_failed);
  byte_buffer changed = joined({hello, first});
  changed.back() ^= std::byte{1};
  EXPECT_EQ(first_error(lane_in(stream_id{1}), changed), errc::authentication_failed);
}

TEST(Lane, CompressesWhatShrinksAndUnpacksItAgain) {
  ready_sender s;
  const stream_id id{1};
  outgoing_lane out(id, crypto::record_sealer::make(suite, secret('k'), id).value(), chunk,
                    {compression_mode::fixed, 3});
  incoming_lane in = lane_in(id);
  byte_buffer hello = out.hello().value();
  byte_span bytes = hello;
  ASSERT_TRUE(in.next(bytes).has_value());
  const auto clock = [] { return instant{}; };
  memory_sink sink({1, 2});
  receiver<memory_sink> into(sink);
  setup told;
  told.role = transfer_role::sender;
  told.chunk_bytes = chunk;
  ASSERT_TRUE(into.handle(told, {}).has_value());
  entry file = s.files[0].about;
  file.size = 2 * chunk;
  ASSERT_TRUE(into.handle(manifest_page{page_index{0}, entry_index{0}, true, {file}}, {}));
  ASSERT_TRUE(into.accept_offer().has_value());
  chunk_job job;
  for (int i = 0; i < 2; ++i) {
    const auto frame = out.next_frame(s.from, clock);
    ASSERT_TRUE(frame.has_value());
    EXPECT_LT(frame->size(), chunk / 10);
    byte_buffer copy(frame->begin(), frame->end());
    byte_span rest = copy;
    const auto data = in.next(rest);
    ASSERT_TRUE(data.has_value());
    EXPECT_EQ((*data)->codec, chunk_codec::zstd);
    ASSERT_TRUE(in.deliver(**data, into, job, {}).has_value());
    out.sent(frame->size(), {}, {});
  }
  ASSERT_TRUE(into.handle(entries_done{entry_index{1}, {}}, {}).has_value());
  EXPECT_EQ(into.progress_now().bytes_done, 2 * chunk);
}

}  // namespace
}  // namespace tallow::transfer
