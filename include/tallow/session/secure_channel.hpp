// What two peers have once the handshake is done: keys, the control channel, lanes in band.
//
// @source  docs/protocol/handshake.md, Records; docs/protocol/wire.md, In-band streams
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/record.hpp>
#include <tallow/crypto/stream_registry.hpp>
#include <tallow/crypto/verification_words.hpp>
#include <tallow/transfer/lane.hpp>
#include <tallow/transfer/sealed_stream.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::session {

/// The sealed streams between two peers that have authenticated each other.
class secure_channel {
 public:
  /// @param decoder  stream 0 as far as the handshake has decoded it
  /// @errors  crypto_failed
  [[nodiscard]] static result<secure_channel> make(crypto::handshake_output keys,
                                                   frame_decoder decoder) {
    auto sealer = crypto::record_sealer::make(keys.suite, outgoing(keys), control_stream);
    if (!sealer) return fail(sealer.error());
    auto opener = crypto::record_opener::make(keys.suite, incoming(keys), control_stream);
    if (!opener) return fail(opener.error());
    decoder.allow(frames_of_control);
    return secure_channel(std::move(keys), transfer::sealed_writer(std::move(*sealer)),
                          transfer::sealed_reader(std::move(*opener), std::move(decoder)));
  }

  /// The words that both people may compare.
  [[nodiscard]] std::array<std::string_view, 6> words() const {
    return crypto::verification_words(keys_.sas);
  }

  /// Seals a message for the control channel.
  ///
  /// @shape   returns the frame
  /// @errors  record_limit_reached, crypto_failed
  [[nodiscard]] result<byte_buffer> seal(byte_view plaintext) {
    return control_out_.seal(frame_type::sealed, plaintext);
  }

  /// Opens the next record of the control channel in `input`.
  ///
  /// @shape   returns the plaintext, a view valid until the next call
  /// @errors  those of sealed_reader::next (all final)
  [[nodiscard]] result<std::optional<byte_span>> open(byte_span& input) {
    auto record = control_in_.next(input);
    if (!record) return fail(record.error());
    if (!*record) return std::nullopt;
    return (*record)->plaintext;
  }

  /// Opens a lane of ours and returns its id, to be announced to the other side.
  ///
  /// @errors  record_limit_reached, crypto_failed
  [[nodiscard]] result<stream_id> open_lane(std::size_t chunk_bytes) {
    const auto id = streams_.allocate(1);
    if (!id) return fail(id.error());
    if (auto made = claim_lane(*id, chunk_bytes); !made) return fail(made.error());
    return *id;
  }

  /// Takes in the lanes that the other side announces.
  ///
  /// @errors  stream_id_used, length_above_limit, peer_message_unexpected (cond::peer);
  ///          crypto_failed
  [[nodiscard]] result<void> announce(const lanes& m) {
    if (m.count == 0) return fail(errc::peer_message_unexpected, 0, "LANES without a lane");
    if (m.count > limits::lanes_max - lanes_.size()) return fail(errc::length_above_limit, m.count);
    if (auto done = streams_.announce(m.first, m.count); !done) return done;
    for (std::uint32_t i = 0; i < m.count; ++i) {
      if (auto made = claim_lane(stream_id{m.first.value + i}, 0); !made) return made;
    }
    return {};
  }

  /// The lane with that id.
  ///
  /// @errors  stream_id_used: it was never announced (cond::peer)
  [[nodiscard]] result<transfer::incoming_lane*> lane_of(stream_id id) {
    const auto found = lanes_.find(id);
    if (found == lanes_.end()) return fail(errc::stream_id_used, id.value);
    return &found->second.in;
  }

  /// Greets on every lane that has not been greeted on, and sends one chunk on each.
  ///
  /// @param send  called as send(stream_id, byte_view frame), returns result<void>
  /// @shape   returns whether a chunk was sent
  /// @errors  record_limit_reached, crypto_failed, and those of `send`
  template <class Transfer, class Send>
  [[nodiscard]] result<bool> send_from_lanes(Transfer& transfer, Send send) {
    bool any = false;
    for (auto& [id, one] : lanes_) {
      if (!std::exchange(one.greeted, true)) {
        const auto hello = one.out.hello();
        if (!hello) return fail(hello.error());
        if (auto done = send(id, *hello); !done) return fail(done.error());
      }
      if constexpr (Transfer::role == transfer_role::sender) {
        const auto frame = one.out.next_frame(transfer);
        if (!frame) return fail(frame.error());
        if (frame->empty()) continue;
        if (auto done = send(id, *frame); !done) return fail(done.error());
        any = true;
      }
    }
    return any;
  }

 private:
  secure_channel(crypto::handshake_output keys, transfer::sealed_writer out,
                 transfer::sealed_reader in) noexcept
      : keys_(std::move(keys)), control_out_(std::move(out)), control_in_(std::move(in)) {}

  static const crypto::traffic_secret& outgoing(const crypto::handshake_output& keys) noexcept {
    return keys.role == crypto::handshake_role::initiator ? keys.ts_i2r : keys.ts_r2i;
  }
  static const crypto::traffic_secret& incoming(const crypto::handshake_output& keys) noexcept {
    return keys.role == crypto::handshake_role::initiator ? keys.ts_r2i : keys.ts_i2r;
  }

  // An id is used up here, whether its lane ever opens or not.
  result<void> claim_lane(stream_id id, std::size_t chunk_bytes) {
    if (auto claimed = streams_.claim(id); !claimed) return claimed;
    auto sealer = crypto::record_sealer::make(keys_.suite, outgoing(keys_), id);
    if (!sealer) return fail(sealer.error());
    auto opener = crypto::record_opener::make(keys_.suite, incoming(keys_), id);
    if (!opener) return fail(opener.error());
    lanes_.emplace(id, lane{transfer::outgoing_lane(id, std::move(*sealer), chunk_bytes),
                            transfer::incoming_lane(id, std::move(*opener))});
    return {};
  }

  // Both halves of a lane.
  struct lane {
    transfer::outgoing_lane out;
    transfer::incoming_lane in;
    bool greeted = false;  // our LANE_HELLO was sent
  };

  crypto::handshake_output keys_;
  transfer::sealed_writer control_out_;
  transfer::sealed_reader control_in_;
  crypto::stream_registry streams_;
  std::map<stream_id, lane> lanes_;
};

}  // namespace tallow::session
