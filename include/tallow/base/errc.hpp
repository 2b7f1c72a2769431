// Every error code of Tallow, in blocks of a hundred by folder. Numbers are stable for ever.
#pragma once

#include <cstdint>

namespace tallow {

/// Who is to blame for a code; see cond.
enum class errc_class : std::uint8_t { peer, local, environment };

// One row a code: name, number, who is to blame, text. docs/errors.md lists the same (tested).
// clang-format off
#define TALLOW_ERROR_CODES(X)                                                                      \
  /* base */                                                                                       \
  X(invalid_argument,          100, local,       "invalid argument")                               \
  X(wrong_state,               101, local,       "not allowed in this state")                      \
  X(cancelled,                 102, local,       "cancelled")                                      \
  X(out_of_memory,             103, environment, "out of memory")                                  \
  /* wire */                                                                                       \
  X(truncated,                 200, peer,        "the input ends too early")                       \
  X(trailing_bytes,            201, peer,        "bytes are left after the end of the message")    \
  X(varint_too_long,           202, peer,        "a variable-length integer is too long")          \
  X(varint_not_shortest,       203, peer,        "a variable-length integer is not the shortest")  \
  X(bool_invalid,              204, peer,        "a truth value is neither 0 nor 1")               \
  X(enum_invalid,              205, peer,        "an enumeration has an unknown value")            \
  X(utf8_invalid,              206, peer,        "text is not valid UTF-8")                        \
  X(length_above_limit,        207, peer,        "a length is above its limit")                    \
  X(frame_type_unknown,        208, peer,        "unknown frame type")                             \
  X(frame_too_large,           209, peer,        "a frame is larger than its type allows")         \
  X(frame_reserved_set,        210, peer,        "reserved bits of a frame are set")               \
  X(message_too_large,         211, local,       "a message is larger than its frame allows")      \
  X(message_type_unknown,      212, peer,        "unknown sealed message type")                    \
  /* room */                                                                                       \
  X(room_full,                 300, environment, "the room already has two peers")                 \
  X(room_wants_clash,          301, environment, "both sides want to send, or both to receive")    \
  X(code_spent,                302, environment, "the code was already used; a new one is needed") \
  X(relay_full,                303, environment, "the relay has no room left")                     \
  X(room_expired,              304, environment, "nobody came in time; the room has expired")      \
  X(peer_left,                 305, environment, "the other side went away")                       \
  X(relay_refused,             306, environment, "the relay refused")                              \
  X(relay_draining,            307, environment, "the relay is shutting down")                     \
  X(quota_exhausted,           308, environment, "the relay's quota for this transfer is used up") \
  X(relay_message_unexpected,  309, peer,        "a message of the relay does not fit here")       \
  X(relay_version_unknown,     310, environment, "the relay speaks no version that we speak")      \
  X(client_message_unexpected, 311, peer,        "a message of a client does not fit here")        \
  X(room_attempts_used,        312, environment, "too many failed attempts; a new code is needed") \
  X(rate_limited,              313, environment, "too many requests; try again later")             \
  X(slow_consumer,             314, environment, "the other side reads too slowly")                \
  X(room_idle,                 315, environment, "the connection was idle for too long")           \
  X(room_unknown,              316, environment, "there is no such room")                          \
  X(nameplates_used_up,        317, environment, "no nameplate is free")                           \
  X(relay_wants_tls,           318, environment, "the relay takes connections in TLS only")        \
  X(address_blocked,      319, environment, "the relay serves nobody here, or has ended the room") \
  X(room_busy,                 320, environment, "another one with this code has its turn first")  \
  /* crypto */                                                                                     \
  X(authentication_failed,     400, peer,        "authentication failed: wrong code or tampering") \
  X(versions_do_not_meet,      401, environment, "the two sides share no protocol version")        \
  X(suites_do_not_meet,        402, environment, "the two sides share no cipher suite")            \
  X(handshake_malformed,       403, peer,        "a handshake message is malformed")               \
  X(handshake_unexpected,      404, peer,        "a handshake message does not fit here")          \
  X(handshake_timeout,         405, environment, "the handshake took too long")                    \
  X(handshake_aborted,         406, peer,        "the other side ended the handshake")             \
  X(stream_id_used,            407, peer,        "a stream id was used before or never announced") \
  X(record_limit_reached,      408, local,       "a stream has sealed as much as its key allows")  \
  X(record_too_large,          409, peer,        "a record is larger than allowed")                \
  X(code_without_nameplate,    410, local,       "the code does not start with its number")        \
  X(code_without_password,     411, local,       "the code has no words after its number")         \
  X(code_too_weak,             412, local,       "the code is too easy to guess")                  \
  X(code_bad_character,        413, local,       "the code has a character that codes never have") \
  X(code_already_spent,        414, local,       "this code was used up here; make a new one")     \
  X(random_failed,             415, environment, "the random generator failed")                    \
  X(crypto_failed,             416, environment, "a cryptographic operation failed")               \
  X(identity_invalid,          417, peer,        "an identity's signature does not hold")          \
  X(signer_missing,            418, environment, "the other side has not signed")                  \
  X(signer_wrong,              419, environment, "the other side is somebody else than demanded")  \
  /* transfer */                                                                                   \
  X(path_empty,                500, peer,        "a path is empty")                                \
  X(path_absolute,             501, peer,        "a path is absolute")                             \
  X(path_escapes,              502, peer,        "a path leads outside the target")                \
  X(path_too_long,             503, peer,        "a path or a part of it is too long")             \
  X(path_bad_character,        504, peer,        "a path has a character that no file name has")   \
  X(path_duplicate,            505, peer,        "two entries have the same path")                 \
  X(manifest_invalid,          506, peer,        "the manifest contradicts itself")                \
  X(chunk_unexpected,          507, peer,        "a chunk is outside of what may be sent now")     \
  X(chunk_repeated,            508, peer,        "a chunk came twice")                             \
  X(chunk_length_wrong,        509, peer,        "a chunk has the wrong length")                   \
  X(codec_unknown,             510, peer,        "unknown compression")                            \
  X(totals_wrong,              511, peer,        "what arrived is not what was announced")         \
  X(transfer_incomplete,       512, peer,        "the transfer ended before everything arrived")   \
  X(transfer_refused,          513, environment, "the other side refused the transfer")            \
  X(quota_too_small,           514, environment, "the transfer is larger than the relay allows")   \
  X(source_changed,            515, environment, "a file changed while it was being sent")         \
  X(source_failed,             516, environment, "a file could not be read")                       \
  X(sink_failed,               517, environment, "a file could not be written")                    \
  X(some_entries_failed,       518, environment, "some entries did not arrive")                    \
  X(role_clash,                519, peer,        "both sides send, or both receive")               \
  X(chunk_size_invalid,        520, peer,        "the chunk size is not an allowed one")           \
  X(chunk_malformed,           521, peer,        "a compressed chunk is malformed")                \
  /* session */                                                                                    \
  X(peer_message_unexpected,   600, peer,        "the other side sent a message out of order")     \
  X(peer_aborted,              601, peer,        "the other side gave up")                         \
  X(peer_silent,               602, environment, "the other side does not answer")                 \
  X(relay_silent,              603, environment, "the relay does not answer")                      \
  X(peer_refused,              604, environment, "the other side refused")                         \
  X(peer_disk_full,            605, environment, "the other side's disk is full")                  \
  X(peer_file_trouble,         606, environment, "the other side's files failed")                  \
  X(peer_cancelled,            607, environment, "the other side cancelled")                       \
  X(peer_restarted,            608, environment, "the other side was started anew")                \
  /* net */                                                                                        \
  X(resolve_failed,            700, environment, "the host name could not be resolved")            \
  X(connect_failed,            701, environment, "no connection could be made")                    \
  X(connection_lost,           702, environment, "the connection was lost")                        \
  X(listen_failed,             703, environment, "the address could not be listened on")           \
  X(address_invalid,           704, local,       "not an address of the form HOST:PORT")           \
  X(timed_out,                 705, environment, "timed out")                                      \
  X(tls_failed,                706, peer,        "the TLS connection failed")                      \
  X(relay_key_wrong,           707, peer,        "the relay has another key than expected")        \
  X(tls_identity_invalid,      708, local,       "the certificate or its key cannot be used")      \
  X(proxy_invalid,             709, local,       "not a proxy such as socks5://HOST:PORT")         \
  X(proxy_unreachable,         710, environment, "the proxy does not answer")                      \
  X(proxy_refused,             711, environment, "the proxy did not connect to the relay")         \
  X(proxy_login_refused,       712, environment, "the proxy does not accept the login")            \
  X(proxy_not_understood,      713, environment, "what answers is not a proxy of this kind")       \
  X(direct_unavailable,        714, environment, "no direct connection to the other side")         \
  /* files */                                                                                      \
  X(not_found,                 800, environment, "no such file or folder")                         \
  X(permission_denied,         801, environment, "permission denied")                              \
  X(disk_full,                 802, environment, "the disk is full")                               \
  X(not_a_directory,           803, environment, "not a folder")                                   \
  X(already_exists,            804, environment, "already exists")                                 \
  X(file_failed,               805, environment, "a file operation failed")                        \
  X(unsupported_kind,          806, environment, "neither a file, a folder nor a link")            \
  X(name_not_utf8,             807, environment, "a file name is not UTF-8")
// clang-format on

/// What went wrong. Numbers never change their meaning and are never used again.
enum class errc : int {
#define TALLOW_X(name, number, blame, text) name = number,
  TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
};

/// Who is to blame for `code`; `environment` for a number that is none.
[[nodiscard]] constexpr errc_class errc_class_of(errc code) noexcept {
  switch (code) {
#define TALLOW_X(name, number, blame, text) \
  case errc::name: return errc_class::blame;
    TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
  }
  return errc_class::environment;
}

/// The code in a few words for people.
[[nodiscard]] constexpr const char* errc_text(errc code) noexcept {
  switch (code) {
#define TALLOW_X(name, number, blame, text) \
  case errc::name: return text;
    TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
  }
  return "unknown error";
}

/// The code's identifier, for scripts and logs.
[[nodiscard]] constexpr const char* errc_name(errc code) noexcept {
  switch (code) {
#define TALLOW_X(name, number, blame, text) \
  case errc::name: return #name;
    TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
  }
  return "unknown";
}

}  // namespace tallow
