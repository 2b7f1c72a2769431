// Runs the fuzz bodies of the codec over inputs made from a seed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/chunk_codec.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/message.hpp>

#include "fuzz/chunk_codec.hpp"
#include "fuzz/frame_decoder.hpp"
#include "fuzz/message_codec.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/seeded_random.hpp"
#include "tools/tallow-fuzz/mutator.hpp"
#include "tools/tallow-fuzz/planted_bug.hpp"
#include "tools/tallow-fuzz/run_seed.hpp"

namespace tallow::fuzz {

/// A body, and how inputs for it are made.
struct target {
  std::string_view name;
  void (*body)(byte_view input);
  byte_buffer (*make)(seeded_random& random);
};

/// Random frames end to end, behind the byte that chooses the decoder's setting.
[[nodiscard]] inline byte_buffer make_stream(seeded_random& random) {
  static constexpr std::array types{
#define TALLOW_X(name, number, bytes_max) frame_type::name,
      TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X
  };
  byte_buffer stream{random.byte()};
  const decoder_setting setting = setting_of(stream[0]);
  for (std::size_t left = 1 + random.below(5); left > 0; --left) {
    frame_type type = types[random.below(types.size())];
    while (!setting.allowed.contains(type)) type = types[random.below(types.size())];
    const std::size_t limit = *frame_bytes_max(static_cast<std::uint8_t>(type));
    byte_buffer body(random.below(std::min<std::size_t>(limit, 200) + 1));
    std::generate(body.begin(), body.end(), [&] { return random.byte(); });
    (void)append_frame(stream, type, body);
  }
  return stream;
}

/// A random message behind its frame type.
[[nodiscard]] inline byte_buffer make_message(seeded_random& random) {
  constexpr std::size_t relay_count = std::tuple_size_v<relay_messages>;
  constexpr std::size_t count = relay_count + std::tuple_size_v<peer_messages>;
  const std::size_t chosen = random.below(count);
  const fullness how = random.below(8) == 0 ? fullness::least : fullness::random;
  const std::uint64_t seed = random.next();
  byte_buffer input;
  std::size_t index = 0;
  for_each_message<relay_messages>([&]<class M>(std::type_identity<M>) {
    if (index++ != chosen) return;
    input.push_back(static_cast<std::byte>(M::type));
    encode_body(input, sample<M>(how, seed));
  });
  for_each_message<peer_messages>([&]<class M>(std::type_identity<M>) {
    if (index++ != chosen) return;
    input.push_back(static_cast<std::byte>(frame_type::sealed));
    append_sealed_plaintext(input, sample<M>(how, seed));
  });
  return input;
}

/// A chunk of a few words in random order as a frame, behind its length; now and then another's.
[[nodiscard]] inline byte_buffer make_chunk(seeded_random& random) {
  constexpr std::array<std::string_view, 5> words{"tallow ", "wick ", "GET /index.html ", "200\n",
                                                  "\x01\x02\x03\x04"};
  byte_buffer plain;
  const std::size_t plain_bytes = 1 + random.below(4000);
  while (plain.size() < plain_bytes) append(plain, as_bytes(words[random.below(words.size())]));
  byte_buffer frame(transfer::packed_bytes_max(plain.size()));
  transfer::chunk_compressor by;
  frame.resize(by.compress(plain, 1 + static_cast<int>(random.below(9)), frame).value_or(0));
  const std::size_t said = plain.size() - 1 + (random.below(16) == 0 ? random.below(9) : 0);
  byte_buffer input(2);
  store_big_endian(static_cast<std::uint16_t>(said), byte_span(input).first<2>());
  append(input, frame);
  return input;
}

/// The bodies, or the same over code that is wrong on purpose.
[[nodiscard]] inline std::vector<target> codec_targets(bool planted) {
  return {{"frame_decoder", planted ? &check_frame_decoder<planted_decoder> : &fuzz_frame_decoder,
           &make_stream},
          {"message_codec", planted ? &check_message_codec<planted_codec> : &fuzz_message_codec,
           &make_message},
          {"chunk_codec", planted ? &check_chunk_codec<planted_decompressor> : &fuzz_chunk_codec,
           &make_chunk}};
}

/// What is wrong with `input`; nothing when the invariant holds.
[[nodiscard]] inline std::optional<std::string> violation_of(const target& t, byte_view input) {
  try {
    t.body(input);
    return std::nullopt;
  } catch (const std::exception& e) {
    return e.what();
  }
}

[[nodiscard]] inline std::optional<byte_buffer> read_input(const std::filesystem::path& path) {
  std::error_code ignored;
  if (is_directory(path, ignored)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return std::nullopt;
  const byte_view bytes = as_bytes(text);
  return byte_buffer(bytes.begin(), bytes.end());
}

/// A sequence of runs. Each depends on the seed, its number and the corpus alone, so that any one
/// of them can be made again.
class codec_run {
 public:
  codec_run(std::uint64_t seed, std::vector<target> targets)
      : seed_(seed), targets_(std::move(targets)), corpora_(targets_.size()) {}

  /// Adds the files in `folder`, or in its sub-folders of the targets' names where it has them.
  /// Returns how many.
  std::size_t add_corpus(const std::filesystem::path& folder) {
    std::size_t added = 0;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const std::filesystem::path own = folder / targets_[i].name;
      std::vector<std::filesystem::path> paths;
      std::error_code error;
      for (std::filesystem::directory_iterator entry(is_directory(own) ? own : folder, error), end;
           !error && entry != end; entry.increment(error)) {
        if (entry->is_regular_file()) paths.push_back(entry->path());
      }
      // The order of a folder is the file system's; runs must not depend on it.
      std::sort(paths.begin(), paths.end());
      for (const auto& path : paths) {
        if (auto input = read_input(path)) {
          corpora_[i].push_back(std::move(*input));
          ++added;
        }
      }
    }
    return added;
  }

  [[nodiscard]] const target& target_of(std::uint64_t run) const {
    return targets_[static_cast<std::size_t>(run % targets_.size())];
  }

  [[nodiscard]] byte_buffer input_of(std::uint64_t run) const {
    seeded_random random(run_seed(seed_, run));
    const std::vector<byte_buffer>& corpus =
        corpora_[static_cast<std::size_t>(run % targets_.size())];
    byte_buffer input = !corpus.empty() && random.below(2) == 0
                            ? corpus[random.below(corpus.size())]
                            : target_of(run).make(random);
    mutate(input, random);
    return input;
  }

  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  std::uint64_t seed_;
  std::vector<target> targets_;
  std::vector<std::vector<byte_buffer>> corpora_;
};

}  // namespace tallow::fuzz
