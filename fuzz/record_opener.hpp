// A record opens when it is the next one of its stream, untouched, and never otherwise.
//
// Input: a byte that chooses the cipher, then steps of two bytes: what happens, and a number for
// it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/crypto/record.hpp>

#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// One stream, and whoever sits on it.
class record_game {
 public:
  explicit record_game(crypto::cipher_suite suite)
      : sealer_(make<crypto::record_sealer>(suite)), opener_(make<crypto::record_opener>(suite)) {}

  void step(std::uint8_t what, std::uint8_t number) {
    switch (what % 8) {
      case 0:
      case 1: return seal(number);
      case 2: return deliver(take(0));
      case 3: return deliver(flipped(take(0), number));
      case 4: return deliver(cut(take(0), number));
      case 5: return deliver(take(number));
      case 6: return deliver(last_);
      default: return deliver(with_other_header(take(0), number));
    }
  }

 private:
  struct sealed_record {
    std::array<std::byte, limits::frame_header_bytes> header{};
    byte_buffer bytes;
    byte_buffer plain;
    std::uint64_t number = 0;
    bool is_whole = true;
  };
  using record = std::optional<sealed_record>;

  template <class Half>
  static Half make(crypto::cipher_suite suite) {
    const crypto::traffic_secret secret;
    return std::move(*Half::make(suite, secret, stream_id{1}));
  }

  void seal(std::uint8_t number) {
    sealed_record made;
    made.number = sealed_++;
    made.header.fill(std::byte{number});
    // Around the blocks of a cipher, and now and then of none at all.
    made.plain.assign(number % 70U, std::byte{number});
    made.bytes = made.plain;
    std::array<std::byte, limits::record_tag_bytes> tag{};
    require(sealer_.seal(made.header, made.bytes, tag).has_value(), "what is small can be sealed");
    append(made.bytes, tag);
    waiting_.push_back(std::move(made));
  }

  record take(std::size_t index) {
    if (waiting_.empty()) return std::nullopt;
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(index % waiting_.size());
    record taken = std::move(*at);
    waiting_.erase(at);
    return taken;
  }

  static record flipped(record one, std::uint8_t number) {
    if (!one) return one;
    one->bytes[number % one->bytes.size()] ^= std::byte{1} << (number % 8U);
    one->is_whole = false;
    return one;
  }
  static record cut(record one, std::uint8_t number) {
    if (!one) return one;
    one->bytes.resize(number % one->bytes.size());
    one->is_whole = false;
    return one;
  }
  static record with_other_header(record one, std::uint8_t number) {
    if (!one) return one;
    one->header[number % one->header.size()] ^= std::byte{0x80};
    one->is_whole = false;
    return one;
  }

  void deliver(record one) {
    if (!one) return;
    byte_buffer buffer = one->bytes;
    const auto opened = opener_.open(one->header, buffer);
    const bool is_next = one->is_whole && one->number == opened_ && !failed_;
    require(opened.has_value() == is_next, "a record opens when it is the next one, and only then");
    if (opened) {
      require(equal(*opened, one->plain), "what was sealed is what is opened");
      ++opened_;
    } else {
      require(
          std::all_of(buffer.begin(), buffer.end(), [](std::byte b) { return b == std::byte{}; }),
          "what does not open leaves nothing");
      require(!failed_ || *failed_ == opened.error(), "what has failed stays failed");
      failed_ = opened.error();
    }
    last_ = std::move(one);
  }

  crypto::record_sealer sealer_;
  crypto::record_opener opener_;
  std::deque<sealed_record> waiting_;
  record last_;
  std::uint64_t sealed_ = 0;
  std::uint64_t opened_ = 0;
  std::optional<error> failed_;
};

inline void fuzz_record_opener(byte_view input) {
  if (input.empty()) return;
  record_game game((input[0] & std::byte{1}) == std::byte{}
                       ? crypto::cipher_suite::aes_256_gcm
                       : crypto::cipher_suite::chacha20_poly1305);
  constexpr std::size_t steps_max = 256;
  const byte_view steps = input.subspan(1, std::min(input.size() - 1, 2 * steps_max));
  for (std::size_t i = 0; i + 1 < steps.size(); i += 2) {
    game.step(std::to_integer<std::uint8_t>(steps[i]), std::to_integer<std::uint8_t>(steps[i + 1]));
  }
}

}  // namespace tallow::fuzz
