// What a person asks for when it comes to compression.
//
// @source  docs/protocol/transfer.md, Compression
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tallow::transfer {

/// The levels of zstd that a sender may ask for. Those below 1 and above 19 trade what nobody who
/// sends chunks wants to trade: ratio for a speed that no link needs, memory for no ratio.
inline constexpr int compression_level_min = 1;
inline constexpr int compression_level_max = 19;

enum class compression_mode : std::uint8_t { automatic, off, fixed };

/// What the person asked for.
struct compression_choice {
  compression_mode mode = compression_mode::automatic;
  int level = 0;  ///< where the mode is fixed

  bool operator==(const compression_choice&) const = default;
};

/// Reads `auto`, `off`, or a level from 1 to 19; nothing from any other text.
[[nodiscard]] constexpr std::optional<compression_choice> compression_choice_of(
    std::string_view text) noexcept {
  if (text == "auto") return compression_choice{};
  if (text == "off") return compression_choice{compression_mode::off, 0};
  if (text.empty() || text.size() > 2 || text[0] == '0') return std::nullopt;
  int level = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    level = level * 10 + (c - '0');
  }
  if (level < compression_level_min || level > compression_level_max) return std::nullopt;
  return compression_choice{compression_mode::fixed, level};
}

}  // namespace tallow::transfer
