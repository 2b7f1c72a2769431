// Feeds a stream to a frame decoder in pieces, and keeps what came out.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>

#include "fuzz/seeded_random.hpp"
#include "fuzz/violation.hpp"

namespace tallow::fuzz {

struct received_frame {
  frame_type type{};
  frame_header_bytes header{};
  byte_buffer body;
  bool operator==(const received_frame&) const = default;
};

/// All that came out of a stream.
struct reception {
  std::vector<received_frame> frames;
  std::optional<error> failure;
  bool between_frames = true;
  bool operator==(const reception&) const = default;
};

/// Feeds `stream` in pieces, each as long as `piece_bytes()` says. Of the memory behind a piece
/// nothing is valid before it comes nor after it was fed: who reads there gets wrong bytes.
template <class Decoder, class PieceBytes>
[[nodiscard]] reception receive(Decoder decoder, byte_view stream, PieceBytes piece_bytes) {
  reception all;
  constexpr std::byte nothing{0xA5};
  byte_buffer memory(stream.size(), nothing);
  byte_span to_come(memory);
  while (!stream.empty() && !all.failure) {
    const std::size_t count = std::min(stream.size(), piece_bytes());
    const byte_span piece = to_come.first(count);
    std::copy_n(stream.begin(), count, piece.begin());
    stream = stream.subspan(count);
    to_come = to_come.subspan(count);
    byte_span rest = piece;
    for (;;) {
      const auto frame = decoder.next(rest);
      if (!frame) {
        all.failure = frame.error();
        const auto again = decoder.next(rest);
        require(!again && again.error() == *all.failure, "a failed decoder stays failed");
        break;
      }
      if (!frame->has_value()) break;
      const frame_view& view = **frame;
      all.frames.push_back({view.type, view.header, {view.body.begin(), view.body.end()}});
    }
    require(all.failure || rest.empty(), "a decoder that wants more has taken all there was");
    std::fill(piece.begin(), piece.end(), nothing);
  }
  all.between_frames = decoder.between_frames();
  return all;
}

/// Feeds `stream` whole, byte by byte and randomly split, and makes sure that it does not matter.
template <class Decoder>
[[nodiscard]] reception receive_three_ways(const Decoder& decoder, byte_view stream) {
  const reception whole = receive(decoder, stream, [&] { return stream.size(); });
  const reception bytewise = receive(decoder, stream, [] { return std::size_t{1}; });
  require(bytewise == whole, "byte by byte gives what the whole gives");
  seeded_random random(seed_of(stream));
  // Short pieces cut headers, long ones cut bodies.
  const reception split = receive(decoder, stream, [&] {
    constexpr std::array<std::size_t, 3> scales{12, 300, 5000};
    return 1 + random.below(scales[random.below(scales.size())]);
  });
  require(split == whole, "randomly split gives what the whole gives");
  return whole;
}

}  // namespace tallow::fuzz
