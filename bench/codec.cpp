// Frames and messages: how many a second are written, and read back, whole and in pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <benchmark/benchmark.h>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

namespace {

using tallow::byte_buffer, tallow::byte_span;

constexpr std::size_t frame_count = 256;

tallow::room_joined small_message() {
  tallow::room_joined m;
  m.placed = tallow::place::second;
  return m;
}

// Many frames one behind the other: a message each, or, with bytes, a slice of that many.
byte_buffer frames_of(std::size_t slice_bytes) {
  const byte_buffer slice(slice_bytes, std::byte{'x'});
  byte_buffer wire;
  for (std::size_t i = 0; i < frame_count; ++i) {
    (void)(slice_bytes == 0 ? append_message(wire, small_message())
                            : append_peer_slice(wire, tallow::stream_id{1}, slice));
  }
  return wire;
}

// Decodes what a frame holds; true when it is what was sent.
bool read(const tallow::frame_view& frame, std::size_t slice_bytes) {
  if (frame.type == tallow::frame_type::peer) {
    const auto slice = tallow::decode_peer_slice(frame.body);
    return slice && slice->bytes.size() == slice_bytes;
  }
  const auto message = tallow::decode_body<tallow::room_joined>(frame.body);
  return message && message->placed == tallow::place::second;
}

void count(benchmark::State& state, const byte_buffer& wire) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(frame_count));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(wire.size()));
}

void encode_messages(benchmark::State& state) {
  byte_buffer wire;
  for (auto _ : state) {
    wire.clear();
    for (std::size_t i = 0; i < frame_count; ++i) (void)append_message(wire, small_message());
    benchmark::DoNotOptimize(wire.data());
  }
  count(state, wire);
}
BENCHMARK(encode_messages);

// The argument is the slice's size.
void encode_slices(benchmark::State& state) {
  const byte_buffer slice(static_cast<std::size_t>(state.range(0)), std::byte{'x'});
  byte_buffer wire;
  for (auto _ : state) {
    wire.clear();
    for (std::size_t i = 0; i < frame_count; ++i) {
      (void)append_peer_slice(wire, tallow::stream_id{1}, slice);
    }
    benchmark::DoNotOptimize(wire.data());
  }
  count(state, wire);
}
BENCHMARK(encode_slices)->ArgName("slice")->Arg(64)->Arg(16 * 1024);

// The arguments are the slice's size (0: messages) and that of the pieces the bytes come in (0: all
// at once).
void decode(benchmark::State& state) {
  const auto slice_bytes = static_cast<std::size_t>(state.range(0));
  byte_buffer wire = frames_of(slice_bytes);
  const auto piece_bytes =
      state.range(1) == 0 ? wire.size() : static_cast<std::size_t>(state.range(1));
  tallow::frame_decoder decoder(tallow::frames_from_relay);
  for (auto _ : state) {
    std::size_t frames = 0;
    for (std::size_t at = 0; at < wire.size(); at += piece_bytes) {
      byte_span piece = byte_span(wire).subspan(at, std::min(piece_bytes, wire.size() - at));
      for (;;) {
        const auto frame = decoder.next(piece);
        if (!frame) return state.SkipWithError("a frame was refused");
        if (!*frame) break;
        if (!read(**frame, slice_bytes)) return state.SkipWithError("a message was misread");
        ++frames;
      }
    }
    if (frames != frame_count) return state.SkipWithError("a frame is missing");
  }
  count(state, wire);
}
BENCHMARK(decode)
    ->ArgNames({"slice", "piece"})
    ->ArgsProduct({{0, 64}, {0, 1, 7, 1460}})
    ->ArgsProduct({{16 * 1024}, {0, 1460, 64 * 1024}});

}  // namespace
