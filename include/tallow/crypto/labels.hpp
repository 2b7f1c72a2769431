// Every label of the protocol. No label string stands anywhere else.
// @source docs/protocol/handshake.md, Labels
#pragma once

#include <string_view>

namespace tallow::crypto::label {

// Hashed as they are.
inline constexpr std::string_view room = "tallow/1 room";
inline constexpr std::string_view resume_room = "tallow/1 resume room";
inline constexpr std::string_view session_id = "tallow/1 sid";
inline constexpr std::string_view transcript = "tallow/1 transcript";
inline constexpr std::string_view mask_t = "tallow/1 noic T";
inline constexpr std::string_view mask_s = "tallow/1 noic s";
inline constexpr std::string_view ident_statement = "tallow/1 ident";
inline constexpr std::string_view hybrid = "Tallow-MLKEM1024-X25519";
/// X-Wing's label, for its test vectors: the combiner is the same.
inline constexpr std::string_view x_wing = "\\.//^\\";

// CPace's channel identifier.
inline constexpr std::string_view protocol = "tallow/1";
inline constexpr std::string_view initiator = "initiator";
inline constexpr std::string_view responder = "responder";

// Given to Expand, which puts `expand_prefix` before them.
inline constexpr std::string_view expand_prefix = "tallow/1 ";
inline constexpr std::string_view mask_secret = "prs2";
inline constexpr std::string_view derived = "derived";
inline constexpr std::string_view confirm_initiator = "kc initiator";
inline constexpr std::string_view confirm_responder = "kc responder";
inline constexpr std::string_view master = "master";
inline constexpr std::string_view traffic_i2r = "traffic i2r";
inline constexpr std::string_view traffic_r2i = "traffic r2i";
inline constexpr std::string_view record_key = "key";
inline constexpr std::string_view record_iv = "iv";
inline constexpr std::string_view lane_ticket = "ticket";
inline constexpr std::string_view resume = "resume";
inline constexpr std::string_view exporter = "export";
inline constexpr std::string_view claims = "claims";
inline constexpr std::string_view ident = "ident";
inline constexpr std::string_view verification = "sas";
inline constexpr std::string_view resume_room_secret = "room";
inline constexpr std::string_view resume_isk = "resume isk";

}  // namespace tallow::crypto::label
