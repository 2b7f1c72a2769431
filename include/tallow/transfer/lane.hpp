// One lane: an ordered byte channel that carries chunks under a key of its own.
//
// A lane neither knows nor cares what carries its bytes. Whoever drives it takes frames from
// outgoing_lane and gives what arrives to incoming_lane; each lane may have a thread of its own.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/sealed_stream.hpp>
#include <tallow/wire/data_record.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {

/// The sending half of a lane. One buffer for one chunk, reused.
class outgoing_lane {
 public:
  /// @param chunk_bytes  the transfer's chunk size; 0 where no chunks will be sent
  outgoing_lane(stream_id stream, crypto::record_sealer sealer, std::size_t chunk_bytes)
      : stream_(stream), writer_(std::move(sealer)) {
    if (chunk_bytes > 0) {
      frame_.resize(chunk_bytes + limits::data_prefix_bytes + sealed_overhead_bytes);
    }
  }

  [[nodiscard]] stream_id stream() const noexcept { return stream_; }

  /// The first frame of the lane.
  ///
  /// @errors  those of record_sealer::seal
  [[nodiscard]] result<byte_buffer> hello() {
    byte_buffer plaintext;
    append_sealed_plaintext(plaintext, lane_hello{stream_});
    return writer_.seal(frame_type::sealed, plaintext);
  }

  /// A frame with the next chunk of `from`; empty when it has none to send now.
  ///
  /// @shape   returns a view into this object, valid until the next call
  /// @errors  those of record_sealer::seal
  /// @cost    one read and one pass of the cipher; no allocation, no copy
  template <class Sender>
  [[nodiscard]] result<byte_view> next_frame(Sender& from) {
    const byte_span plaintext = byte_span(frame_).subspan(limits::frame_header_bytes);
    const auto filled =
        from.next_chunk(plaintext.first(plaintext.size() - limits::record_tag_bytes));
    if (!filled) return byte_view{};
    const byte_span frame = byte_span(frame_).first(*filled + sealed_overhead_bytes);
    if (auto done = writer_.seal_frame(frame_type::data, frame); !done) return fail(done.error());
    return byte_view(frame);
  }

 private:
  stream_id stream_;
  sealed_writer writer_;
  byte_buffer frame_;
};

/// The receiving half of a lane.
class incoming_lane {
 public:
  incoming_lane(stream_id stream, crypto::record_opener opener)
      : stream_(stream), reader_(std::move(opener), frame_decoder(frames_of_lane)) {}

  /// Takes the next chunk out of `input`, in place, and removes what was consumed. The greeting of
  /// the lane is dealt with in here.
  ///
  /// @shape   returns a view into `input` or this object, valid until the next call
  /// @errors  those of sealed_reader; peer_message_unexpected when the lane does not begin with
  ///          LANE_HELLO or carries anything but DATA behind it (all final)
  [[nodiscard]] result<std::optional<data_view>> next(byte_span& input) {
    for (;;) {
      const auto record = reader_.next(input);
      if (!record) return fail(record.error());
      if (!*record) return std::nullopt;
      if (!greeted_) {
        if (auto done = greet(**record); !done) return fail(done.error());
        continue;
      }
      if ((*record)->type != frame_type::data) return fail(errc::peer_message_unexpected);
      const auto data = decode_data((*record)->plaintext);
      if (!data) return fail(data.error());
      return *data;
    }
  }

 private:
  result<void> greet(const sealed_reader::opened& record) {
    const byte_view plaintext = record.plaintext;
    if (record.type != frame_type::sealed || plaintext.empty() ||
        plaintext[0] != static_cast<std::byte>(sealed_type::lane_hello)) {
      return fail(errc::peer_message_unexpected, 0, "a lane begins with LANE_HELLO");
    }
    const auto hello = decode_body<lane_hello>(plaintext.subspan(1));
    if (!hello) return fail(hello.error());
    if (hello->stream != stream_) return fail(errc::stream_id_used, hello->stream.value);
    greeted_ = true;
    return {};
  }

  stream_id stream_;
  sealed_reader reader_;
  bool greeted_ = false;
};

}  // namespace tallow::transfer
