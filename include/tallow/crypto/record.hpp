// Sealing and opening records, in place.
// @source docs/protocol/handshake.md, Records; NIST SP 800-38D; RFC 8439
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <botan/aead.h>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/guard.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/crypto/suite.hpp>

namespace tallow::crypto {

/// The frame header in front of a record: it is authenticated, not hidden.
using record_header = std::span<const std::byte, limits::frame_header_bytes>;
using record_tag = std::span<std::byte, limits::record_tag_bytes>;

/// The largest plaintext of one record: a chunk of the largest size and what stands before it.
inline constexpr std::size_t record_plaintext_bytes_max =
    limits::chunk_bytes_max + limits::data_prefix_bytes;

/// Counts what one key has sealed or opened. The next record's number is `records`, and both
/// stay within limits::stream_records_max and limits::stream_bytes_max.
struct record_count {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;

  /// True when the key may take one more record of so many plaintext bytes.
  [[nodiscard]] constexpr bool admits(std::uint64_t plaintext_bytes) const noexcept {
    return records < limits::stream_records_max && bytes <= limits::stream_bytes_max &&
           plaintext_bytes <= limits::stream_bytes_max - bytes;
  }
  constexpr void add(std::uint64_t plaintext_bytes) noexcept {
    ++records;
    bytes += plaintext_bytes;
  }
};

namespace detail {

using record_nonce = std::array<std::byte, 12>;

/// iv XOR (four zero bytes | sequence number).
[[nodiscard]] inline record_nonce nonce_of(const secret_bytes<12>& iv,
                                           std::uint64_t sequence) noexcept {
  std::array<std::byte, 8> number{};
  store_big_endian(sequence, number);
  record_nonce nonce;
  std::copy_n(iv.view().begin(), nonce.size(), nonce.begin());
  for (std::size_t i = 0; i < number.size(); ++i) nonce[4 + i] ^= number[i];
  return nonce;
}

/// One keyed cipher. Everything that a record needs is allocated here, once.
struct record_cipher {
  std::unique_ptr<Botan::AEAD_Mode> aead;
  secret_bytes<12> iv;
  /// The part of a record below the cipher's granularity, and the tag: finish() wants a vector
  /// of Botan's own.
  Botan::secure_vector<std::uint8_t> tail;
  std::size_t granularity = 1;
  record_count count;

  /// @errors  crypto_failed
  [[nodiscard]] static result<record_cipher> make(cipher_suite suite, const traffic_secret& traffic,
                                                  stream_id stream, Botan::Cipher_Dir dir) {
    return guarded(errc::crypto_failed, [&]() -> result<record_cipher> {
      record_cipher cipher;
      const char* name = suite == cipher_suite::aes_256_gcm ? "AES-256/GCM" : "ChaCha20Poly1305";
      cipher.aead = Botan::AEAD_Mode::create(name, dir);
      if (cipher.aead == nullptr || cipher.aead->tag_size() != limits::record_tag_bytes) {
        return fail(errc::crypto_failed, 0, "the library lacks the cipher");
      }
      record_keys keys = record_keys_of(traffic, stream);
      cipher.aead->set_key(as_u8(byte_view(keys.key.view())));
      cipher.iv = std::move(keys.iv);
      cipher.granularity = cipher.aead->update_granularity();
      cipher.tail.reserve(cipher.granularity + 2 * limits::record_tag_bytes);
      return cipher;
    });
  }

  void start(record_header header) {
    aead->set_associated_data(as_u8(byte_view(header)));
    aead->start(as_u8(byte_view(nonce_of(iv, count.records))));
  }
};

}  // namespace detail

/// Seals the records of one stream in one direction, in order. One object a key: it counts, and
/// no other may.
class record_sealer {
 public:
  /// @errors  crypto_failed
  [[nodiscard]] static result<record_sealer> make(cipher_suite suite, const traffic_secret& traffic,
                                                  stream_id stream) {
    constexpr auto dir = Botan::Cipher_Dir::Encryption;
    auto cipher = detail::record_cipher::make(suite, traffic, stream, dir);
    if (!cipher) return fail(cipher.error());
    return record_sealer(std::move(*cipher));
  }

  /// Seals in place: `plaintext` becomes ciphertext, the tag goes to `tag`, which is sent right
  /// behind it. `header` is the frame header as it is sent.
  ///
  /// @errors  record_limit_reached, record_too_large (both change nothing), crypto_failed
  /// @cost    one pass over the bytes; no allocation
  [[nodiscard]] result<void> seal(record_header header, byte_span plaintext, record_tag tag);

  /// What has been sealed so far.
  [[nodiscard]] const record_count& count() const noexcept { return cipher_.count; }

 private:
  friend struct record_position_for_tests;
  explicit record_sealer(detail::record_cipher cipher) noexcept : cipher_(std::move(cipher)) {}

  detail::record_cipher cipher_;
};

/// Opens the records of one stream in one direction, in the order in which they were sealed.
class record_opener {
 public:
  /// @errors  crypto_failed
  [[nodiscard]] static result<record_opener> make(cipher_suite suite, const traffic_secret& traffic,
                                                  stream_id stream) {
    constexpr auto dir = Botan::Cipher_Dir::Decryption;
    auto cipher = detail::record_cipher::make(suite, traffic, stream, dir);
    if (!cipher) return fail(cipher.error());
    return record_opener(std::move(*cipher));
  }

  /// Opens in place. A record that does not open yields nothing: the buffer is wiped, the opener
  /// stays failed, and its stream id must not be used again.
  ///
  /// @shape   returns the front of `sealed`, without the tag
  /// @errors  authentication_failed, record_too_large, record_limit_reached, crypto_failed; all
  ///          final
  /// @cost    one pass over the bytes; no allocation
  [[nodiscard]] result<byte_span> open(record_header header, byte_span sealed);

  /// What has been opened so far.
  [[nodiscard]] const record_count& count() const noexcept { return cipher_.count; }

 private:
  friend struct record_position_for_tests;
  explicit record_opener(detail::record_cipher cipher) noexcept : cipher_(std::move(cipher)) {}

  detail::record_cipher cipher_;
  std::optional<error> failure_;
};

inline result<void> record_sealer::seal(record_header header, byte_span plaintext, record_tag tag) {
  if (plaintext.size() > record_plaintext_bytes_max) return fail(errc::record_too_large);
  if (!cipher_.count.admits(plaintext.size())) return fail(errc::record_limit_reached);
  const std::size_t rest = plaintext.size() % cipher_.granularity;
  const byte_span bulk = plaintext.first(plaintext.size() - rest);
  const byte_span last = plaintext.last(rest);
  // Counted before anything is sealed: a number is used up even by a record that fails.
  const auto sealed = detail::guarded(errc::crypto_failed, [&]() -> result<void> {
    cipher_.start(header);
    cipher_.count.add(plaintext.size());
    if (!bulk.empty() && cipher_.aead->process(as_u8(bulk)) != bulk.size()) {
      return fail(errc::crypto_failed);
    }
    const auto last_u8 = as_u8(last);
    cipher_.tail.assign(last_u8.begin(), last_u8.end());
    cipher_.aead->finish(cipher_.tail);
    return {};
  });
  if (!sealed) {
    wipe(plaintext);
    return fail(sealed.error());
  }
  TALLOW_ASSERT(cipher_.tail.size() == rest + tag.size());
  const auto split = cipher_.tail.begin() + static_cast<std::ptrdiff_t>(rest);
  std::copy(cipher_.tail.begin(), split, as_u8(last).begin());
  std::copy(split, cipher_.tail.end(), as_u8(byte_span(tag)).begin());
  return {};
}

inline result<byte_span> record_opener::open(record_header header, byte_span sealed) {
  if (failure_) {
    wipe(sealed);
    return fail(*failure_);
  }
  const auto refuse = [&](errc code) {
    wipe(sealed);
    failure_ = error{code};
    return fail(code);
  };
  if (sealed.size() < limits::record_tag_bytes) return refuse(errc::authentication_failed);
  const std::size_t size = sealed.size() - limits::record_tag_bytes;
  if (size > record_plaintext_bytes_max) return refuse(errc::record_too_large);
  if (!cipher_.count.admits(size)) return refuse(errc::record_limit_reached);

  const std::size_t rest = size % cipher_.granularity;
  const byte_span bulk = sealed.first(size - rest);
  const byte_span last = sealed.subspan(size - rest);
  const auto opened = detail::guarded(errc::authentication_failed, [&]() -> result<void> {
    cipher_.start(header);
    cipher_.count.add(size);
    if (!bulk.empty() && cipher_.aead->process(as_u8(bulk)) != bulk.size()) {
      return fail(errc::crypto_failed);
    }
    const auto last_u8 = as_u8(last);
    cipher_.tail.assign(last_u8.begin(), last_u8.end());
    cipher_.aead->finish(cipher_.tail);
    return {};
  });
  if (!opened) return refuse(opened.error().code);
  TALLOW_ASSERT(cipher_.tail.size() == rest);
  std::copy(cipher_.tail.begin(), cipher_.tail.end(), as_u8(last).begin());
  return sealed.first(size);
}

}  // namespace tallow::crypto
