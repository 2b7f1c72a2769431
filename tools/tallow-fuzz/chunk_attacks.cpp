#include "tools/tallow-fuzz/chunk_attacks.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/transfer/manifest.hpp>
#include <tallow/transfer/sealed_stream.hpp>
#include <tallow/wire/data_record.hpp>
#include <tallow/wire/message.hpp>

#include "tools/tallow-fuzz/packed_frames.hpp"
#include "tools/tallow-fuzz/peer_talk.hpp"

namespace tallow::fuzz {

namespace {

constexpr std::size_t chunk = offered_chunk_bytes;

byte_buffer letters(std::size_t count) { return byte_buffer(count, std::byte{'x'}); }

// A lane inside the control connection.
class in_band {
 public:
  explicit in_band(hostile_peer& peer)
      : peer_(&peer), id_(peer.channel().allocate_lanes(1).value_or(stream_id{})) {
    auto keys = peer.channel().take_lane_keys(id_);
    if (!keys) return;
    writer_.emplace(std::move(keys->sealer));
    peer.say(lanes{id_, 1, true});
    byte_buffer hello;
    append_sealed_plaintext(hello, lane_hello{id_});
    say_record(frame_type::sealed, hello);
  }

  void say(std::uint64_t index, byte_view bytes, std::uint8_t codec = 0) {
    byte_buffer plaintext(limits::data_prefix_bytes);
    encode_data_prefix(byte_span(plaintext).first<limits::data_prefix_bytes>(),
                       static_cast<chunk_codec>(codec), chunk_index{index});
    append(plaintext, bytes);
    say_record(frame_type::data, plaintext);
  }

 private:
  void say_record(frame_type type, byte_view plaintext) {
    if (!writer_) return;
    if (const auto frame = writer_->seal(type, plaintext)) peer_->say_frame(id_, *frame);
  }

  hostile_peer* peer_;
  stream_id id_;
  std::optional<transfer::sealed_writer> writer_;
};

// ---- chunks as they are ----

trouble chunk_before_accept(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  in_band(peer).say(0, letters(chunk));
  return must_end(peer);
}
trouble chunk_beyond(hostile_peer& peer) {
  offer_a_file(peer);
  in_band(peer).say(2, letters(chunk));
  return must_end(peer);
}
trouble chunk_far_beyond(hostile_peer& peer) {
  offer_a_file(peer);
  in_band(peer).say(UINT64_MAX, letters(chunk));
  return must_end(peer);
}
trouble chunk_short(hostile_peer& peer) {
  offer_a_file(peer);
  in_band(peer).say(0, letters(chunk - 1));
  return must_end(peer);
}
trouble chunk_long(hostile_peer& peer) {
  offer_a_file(peer);
  in_band(peer).say(0, letters(std::size_t{2} * chunk));
  return must_end(peer);
}
// An END of the manifest that was offered.
void say_end(hostile_peer& peer, std::uint64_t byte_count, std::uint64_t chunk_count) {
  transfer::manifest_hash hash;
  hash.add_page(page_of({entry_of("file", 2 * chunk)}));
  peer.say(entries_done{entry_index{1}, {}});
  peer.say(end{1, byte_count, chunk_count, hash.digest()});
}
// What is missing may still come: it has to wait, or end it.
trouble must_not_be_done(hostile_peer& peer) {
  say_end(peer, 2 * chunk, 2);
  if (peer.hear<end_ack>()) return "it says that all has arrived";
  return std::nullopt;
}
trouble end_early(hostile_peer& peer) {
  offer_a_file(peer);
  in_band(peer).say(0, letters(chunk));
  return must_not_be_done(peer);
}
trouble chunk_twice(hostile_peer& peer) {
  offer_a_file(peer);
  in_band lane(peer);
  lane.say(0, letters(chunk));
  lane.say(0, letters(chunk));
  return must_not_be_done(peer);
}
trouble end_of_another_manifest(hostile_peer& peer) {
  offer_a_file(peer);
  in_band lane(peer);
  lane.say(0, letters(chunk));
  lane.say(1, letters(chunk));
  peer.say(entries_done{entry_index{1}, {}});
  peer.say(end{1, 2 * chunk, 2, {}});
  return must_end(peer);
}
trouble end_of_less(hostile_peer& peer) {
  offer_a_file(peer);
  in_band(peer).say(0, letters(chunk));
  say_end(peer, chunk, 1);
  return must_end(peer);
}

// ---- compressed chunks ----

template <byte_buffer (*Frame)(std::size_t chunk_bytes)>
trouble packed(hostile_peer& peer) {
  offer_a_file(peer);
  in_band(peer).say(0, Frame(chunk), 1);
  return must_end(peer);
}
trouble codec_unknown(hostile_peer& peer) {
  offer_a_file(peer);
  in_band(peer).say(0, letters(chunk), 2);
  return must_end(peer);
}

}  // namespace

std::vector<peer_attack> chunk_attacks() {
  namespace z = packed_frames;
  return {
      {"chunk-early", "a chunk of what was not accepted", want::send, chunk_before_accept},
      {"chunk-twice", "a chunk twice in place of two", want::send, chunk_twice},
      {"chunk-beyond", "the chunk behind the last one", want::send, chunk_beyond},
      {"chunk-far", "a chunk with the largest number", want::send, chunk_far_beyond},
      {"chunk-short", "a chunk that lacks a byte", want::send, chunk_short},
      {"chunk-long", "a chunk that is too long", want::send, chunk_long},
      {"end-early", "an END before the last chunk", want::send, end_early},
      {"end-other", "the END of another manifest", want::send, end_of_another_manifest},
      {"end-less", "an END that says less than was offered", want::send, end_of_less},
      {"packed-huge", "a compressed chunk that says it is a tebibyte", want::send, packed<z::huge>},
      {"packed-less", "one that says it is less than the chunk", want::send, packed<z::less>},
      {"packed-bomb", "one that unpacks to more than it says", want::send, packed<z::bomb>},
      {"packed-short", "one that unpacks to less than it says", want::send, packed<z::half>},
      {"packed-window", "one that wants a window of two tebibytes", want::send,
       packed<z::wide_window>},
      {"packed-dictionary", "one that wants a dictionary", want::send, packed<z::dictionary>},
      {"packed-checksum", "one with a checksum", want::send, packed<z::checksum>},
      {"packed-reserved", "one with the reserved bit set", want::send, packed<z::reserved_bit>},
      {"packed-block", "one of a block of the reserved type", want::send,
       packed<z::reserved_block>},
      {"packed-cut", "one that lacks its last byte", want::send, packed<z::cut>},
      {"packed-twice", "one with another behind it", want::send, packed<z::twice>},
      {"packed-skippable", "one with something to be skipped behind it", want::send,
       packed<z::skippable>},
      {"packed-longer", "one that is longer than the chunk", want::send, packed<z::longer>},
      {"packed-empty", "one of no bytes", want::send, packed<z::empty>},
      {"codec-unknown", "a chunk of a codec that there is not", want::send, codec_unknown},
  };
}

}  // namespace tallow::fuzz
