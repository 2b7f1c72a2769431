// Kinds of values that only this program has. Each has parse(to, text) and print(value), and
// `words` where it is one of a few.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tallow/net/proxy_address.hpp>
#include <tallow/transfer/compression_choice.hpp>

#include "../shared/value_kinds.hpp"
#include "fingerprint.hpp"

namespace tallow::cli {

/// Any text; what is wrong with it is found by whoever uses it.
struct text_kind {
  static tools::refusal parse(std::string& to, std::string_view text) {
    to = text;
    return std::nullopt;
  }
  static std::string print(const std::string& value) { return tools::path_kind::print(value); }
};

/// One of a few words; none is a choice of its own.
template <const auto& Words>
struct word_or_none_kind {
  static constexpr const auto& words = Words;

  static tools::refusal parse(std::string& to, std::string_view text) {
    if (!text.empty()) return tools::word_kind<Words>::parse(to, text);
    to.clear();
    return std::nullopt;
  }
  static std::string print(const std::string& value) { return tools::in_quotes(value); }
};

inline constexpr std::array identity_words{"make", "show", "export"};
inline constexpr std::array shell_words{"bash", "zsh", "fish"};
inline constexpr std::array direct_words{"auto", "only", "never"};
inline constexpr std::array conflict_words{"ask", "rename", "overwrite", "skip"};

struct compress_kind {
  static constexpr std::array words{"auto", "off", "3", "9", "19"};

  static tools::refusal parse(std::string& to, std::string_view text) {
    if (!transfer::compression_choice_of(text)) return "auto, off, or 1 to 19 is wanted";
    to = text;
    return std::nullopt;
  }
  static std::string print(const std::string& value) { return tools::in_quotes(value); }
};

/// A proxy, or `none`. Its login is shown to nobody.
struct proxy_kind {
  static tools::refusal parse(std::string& to, std::string_view text) {
    const auto proxy = net::parse_proxy_address(text);
    if (!text.empty() && text != "none" && !proxy) {
      return "'none', or a proxy like socks5://127.0.0.1:9050 or http://proxy:3128, is wanted (" +
             std::string(proxy.error().note) + ")";
    }
    to = text;
    return std::nullopt;
  }
  static std::string print(const std::string& value) {
    const auto proxy = net::parse_proxy_address(value);
    return tools::in_quotes(proxy ? to_string(*proxy) : value);
  }
};

struct fingerprint_kind {
  static tools::refusal parse(std::string& to, std::string_view text) {
    if (!text.empty() && !parse_fingerprint(text)) {
      return "the 64 hexadecimal digits are wanted that 'tallow-cli identity' shows";
    }
    to = text;
    return std::nullopt;
  }
  static std::string print(const std::string& value) { return tools::in_quotes(value); }
};

/// A number of MiB, kept in bytes.
struct mebibytes_kind {
  static tools::refusal parse(std::uint64_t& to, std::string_view text) {
    if (auto why = tools::number_kind<1, (1U << 20U)>::parse(to, text)) return why;
    to <<= 20U;
    return std::nullopt;
  }
  static std::string print(std::uint64_t value) { return std::to_string(value >> 20U); }
};

}  // namespace tallow::cli
