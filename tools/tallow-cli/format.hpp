// Sizes, times and rates as people read them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace tallow::cli {

/// 0 B, 999 B, 1.0 KiB, 12.3 GiB.
[[nodiscard]] inline std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 1023.95 would be printed as 1024.0.
  while (value >= 1023.95 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text.data();
}

/// The number alone, in a unit that human_bytes() has named: 1.2 of "1.2 GiB".
[[nodiscard]] inline std::string human_bytes_in(std::uint64_t bytes, std::string_view unit) {
  static constexpr std::string_view prefixes = "KMGTP";
  auto value = static_cast<double>(bytes);
  const std::size_t steps = unit == "B" ? 0 : prefixes.find(unit.substr(0, 1)) + 1;
  for (std::size_t i = 0; i < steps; ++i) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), steps == 0 ? "%.0f" : "%.1f", value);
  return text.data();
}

/// 0:07, 12:34, 1:02:03.
[[nodiscard]] inline std::string human_time(std::chrono::seconds time) {
  const auto total = time.count();
  std::array<char, 48> text{};
  if (total >= 3600) {
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld",
                  static_cast<long long>(total / 3600), static_cast<long long>(total / 60 % 60),
                  static_cast<long long>(total % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02lld", static_cast<long long>(total / 60),
                  static_cast<long long>(total % 60));
  }
  return text.data();
}

/// "1 file", "3 files".
[[nodiscard]] inline std::string counted(std::uint64_t count, const char* noun,
                                         const char* nouns = nullptr) {
  const std::string text = std::to_string(count) + ' ';
  if (count != 1 && nouns != nullptr) return text + nouns;
  return text + noun + (count == 1 ? "" : "s");
}

}  // namespace tallow::cli
