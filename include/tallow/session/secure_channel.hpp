// What two peers have once the handshake is done: keys, the control channel, the ids of lanes.
//
// @source  docs/protocol/handshake.md, Records; docs/protocol/wire.md, In-band streams
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/identity.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/crypto/record.hpp>
#include <tallow/crypto/stream_registry.hpp>
#include <tallow/crypto/verification_words.hpp>
#include <tallow/session/lane_pump.hpp>
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

  /// What the next reconnect needs, once, and its generation.
  [[nodiscard]] crypto::resume_secret take_resume_secret() { return std::move(keys_.resume); }
  /// What claims are hashed with, once.
  [[nodiscard]] crypto::claim_key take_claim_key() { return std::move(keys_.claims); }
  /// What a statement about one's identity is bound to.
  [[nodiscard]] crypto::ident_binding ident_binding() const {
    return crypto::ident_binding_of(keys_);
  }
  [[nodiscard]] crypto::handshake_role role() const noexcept { return keys_.role; }
  [[nodiscard]] std::uint32_t generation() const noexcept { return keys_.generation; }

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

  /// Ids for lanes of ours, to be announced to the other side.
  ///
  /// @shape   returns the first; the others follow it
  /// @errors  record_limit_reached; length_above_limit (too many were announced and never opened)
  [[nodiscard]] result<stream_id> allocate_lanes(std::uint32_t count) {
    return streams_.allocate(count);
  }

  /// Takes in the lanes that the other side announces.
  ///
  /// @errors  stream_id_used, length_above_limit, peer_message_unexpected (cond::peer)
  [[nodiscard]] result<void> announce(const lanes& m) {
    if (m.count == 0) return fail(errc::peer_message_unexpected, 0, "LANES without a lane");
    if (m.count > limits::lanes_max) return fail(errc::length_above_limit, m.count);
    return streams_.announce(m.first, m.count);
  }

  /// Uses announced lanes up that nobody is going to open.
  ///
  /// @errors  stream_id_used
  [[nodiscard]] result<void> discard_lanes(stream_id first, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (auto done = streams_.claim(stream_id{first.value + i}); !done) return done;
    }
    return {};
  }

  /// What opens a direct lane, the same on both sides.
  ///
  /// @param sends  this is the side of the data, to which the other one connects
  [[nodiscard]] lane_ticket ticket_of(stream_id id, bool sends) const {
    const auto secret = crypto::lane_ticket_of(sends ? incoming(keys_) : outgoing(keys_), id);
    lane_ticket ticket{};
    std::copy_n(secret.view().begin(), ticket.size(), ticket.begin());
    return ticket;
  }

  /// An announced lane. Its id is used up here, whether it ever opens or not.
  ///
  /// @param chunk_bytes  the transfer's chunk size
  /// @errors  stream_id_used; crypto_failed
  [[nodiscard]] result<lane_ends> take_lane(stream_id id, std::size_t chunk_bytes, bool sends,
                                            transfer::compression_choice compression) {
    auto keys = take_lane_keys(id);
    if (!keys) return fail(keys.error());
    return lane_ends{
        transfer::outgoing_lane(id, std::move(keys->sealer), sends ? chunk_bytes : 0, compression),
        transfer::incoming_lane(id, std::move(keys->opener), chunk_bytes)};
  }

  /// What the records of a lane are sealed and opened with.
  struct lane_keys {
    crypto::record_sealer sealer;
    crypto::record_opener opener;
  };

  /// The keys alone of an announced lane, which is used up as by take_lane().
  ///
  /// @errors  stream_id_used; crypto_failed
  [[nodiscard]] result<lane_keys> take_lane_keys(stream_id id) {
    if (auto claimed = streams_.claim(id); !claimed) return fail(claimed.error());
    auto sealer = crypto::record_sealer::make(keys_.suite, outgoing(keys_), id);
    if (!sealer) return fail(sealer.error());
    auto opener = crypto::record_opener::make(keys_.suite, incoming(keys_), id);
    if (!opener) return fail(opener.error());
    return lane_keys{std::move(*sealer), std::move(*opener)};
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

  crypto::handshake_output keys_;
  transfer::sealed_writer control_out_;
  transfer::sealed_reader control_in_;
  crypto::stream_registry streams_;
};

}  // namespace tallow::session
