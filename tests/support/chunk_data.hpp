#pragma once
// Contents of chunks, the same every time: lines of a log, and bytes that no codec can shrink.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>

#include "fuzz/seeded_random.hpp"

namespace tallow::test {

[[nodiscard]] inline byte_buffer random_bytes(std::size_t count, std::uint64_t seed = 1) {
  fuzz::seeded_random random(seed);
  byte_buffer bytes(count);
  std::generate(bytes.begin(), bytes.end(), [&] { return random.byte(); });
  return bytes;
}

/// Lines like those of a web server; zstd makes a sixth of them.
[[nodiscard]] inline byte_buffer log_text(std::size_t count, std::uint64_t seed = 1) {
  constexpr std::array<std::string_view, 6> paths{"/index.html",         "/api/v1/items",
                                                  "/api/v1/users/login", "/static/app.js",
                                                  "/images/logo.png",    "/search"};
  constexpr std::array<std::string_view, 3> agents{
      "curl/7.88.1", "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"};
  fuzz::seeded_random random(seed);
  const auto number = [&](std::size_t below) { return std::to_string(random.below(below)); };
  std::string text;
  for (std::size_t second = 0; text.size() < count; second += random.below(3)) {
    text += "2026-05-11 12:" + std::to_string(10 + second / 60 % 50) + ":" +
            std::to_string(10 + second % 50) + "." + number(1000) + " INFO [worker-" + number(8) +
            "] 10.0." + number(16) + "." + number(256) + " GET ";
    text.append(paths[random.below(paths.size())]).append("?id=").append(number(100000));
    text += " 200 " + number(50000) + " \"";
    text.append(agents[random.below(agents.size())]).append("\"\n");
  }
  const byte_view bytes = as_bytes(text).first(count);
  return {bytes.begin(), bytes.end()};
}

}  // namespace tallow::test
