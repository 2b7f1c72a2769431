// A code as it is typed, with its words completed. No terminal here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/wordlist.hpp>

namespace tallow::cli {

/// Takes key after key. Tab completes a word of the list, Backspace takes back a character, Ctrl-W
/// a word and Ctrl-U all of it; arrows and other keys of more than one byte do nothing.
///
/// Everything that was typed is in secret memory, and what is shown of it as well.
class code_line {
 public:
  enum class state : std::uint8_t { typing, entered, given_up };

  /// @param prompt     stands before it, and is shown again below a list of words
  /// @param bytes_max  more is not taken
  code_line(std::string_view prompt, std::size_t bytes_max)
      : prompt_(prompt), bytes_max_(bytes_max) {}

  /// The next byte from the keyboard.
  ///
  /// @shape  returns what the terminal is to show for it
  [[nodiscard]] secret_buffer type(char c) {
    secret_buffer shown;
    if (is_in_escape(c)) return shown;
    switch (c) {
      case '\r':
      case '\n': state_ = state::entered; break;
      case '\t': complete(shown); break;
      case '\b':
      case '\x7f': take_back(1, shown); break;
      case ctrl_u: take_back(line_.size(), shown); break;
      case ctrl_w: take_back(std::max<std::size_t>(last_word().size(), 1), shown); break;
      case ctrl_d:
        if (line_.empty()) state_ = state::given_up;
        break;
      default:
        if (static_cast<unsigned char>(c) >= ' ') put(std::string_view(&c, 1), shown);
    }
    return shown;
  }

  [[nodiscard]] state now() const noexcept { return state_; }
  [[nodiscard]] secret_buffer take() noexcept { return std::move(line_); }

 private:
  // More are no help.
  static constexpr std::size_t listed_max = 24;

  static constexpr char ctrl_d = '\x04';
  static constexpr char ctrl_u = '\x15';
  static constexpr char ctrl_w = '\x17';

  // ESC [ ... letter, or ESC and one more.
  [[nodiscard]] bool is_in_escape(char c) noexcept {
    if (c == '\x1b') {
      escape_ = 1;
    } else if (escape_ == 1) {
      escape_ = c == '[' || c == 'O' ? 2 : 0;
      return true;
    } else if (escape_ == 2) {
      if (c >= '@' && c <= '~') escape_ = 0;
      return true;
    }
    return c == '\x1b';
  }

  [[nodiscard]] std::string_view text() const noexcept { return as_text(line_.view()); }

  [[nodiscard]] std::string_view last_word() const noexcept {
    const std::size_t mark = text().find_last_of("- _");
    return text().substr(mark == std::string_view::npos ? 0 : mark + 1);
  }

  void put(std::string_view more, secret_buffer& shown) {
    if (line_.size() + more.size() > bytes_max_) return;
    line_.append(as_bytes(more));
    shown.append(as_bytes(more));
  }

  void take_back(std::size_t count, secret_buffer& shown) {
    for (; count > 0 && !line_.empty(); --count) {
      const byte_span all = line_.span();
      const bool is_start = (all.back() & std::byte{0xC0}) != std::byte{0x80};  // of a character
      secret_buffer less(line_.view().first(line_.size() - 1));
      line_ = std::move(less);
      if (is_start) shown.append(as_bytes("\b \b"));
      if (!is_start) ++count;
    }
  }

  // As far as it is clear what is meant; where it is not, the words that may be.
  void complete(secret_buffer& shown) {
    const std::string_view begun = last_word();
    // The number comes first, and is no word.
    if (begun.empty() || begun.size() == text().size()) return;
    const std::span<const std::string_view> words = crypto::words_with_prefix(begun);
    if (words.empty()) return;
    const std::string_view first = words.front();
    const std::string_view last = words.back();  // in order: what these two share, all do
    const auto same = std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first;
    const auto shared = static_cast<std::size_t>(same - first.begin());
    const std::size_t typed = begun.size();
    put(first.substr(typed, shared - typed), shown);
    if (words.size() == 1) return put("-", shown);
    if (shared == typed && words.size() <= listed_max) list(words, shown);
  }

  void list(std::span<const std::string_view> words, secret_buffer& shown) const {
    std::string_view before = "\r\n";
    for (const std::string_view word : words) {
      shown.append(as_bytes(std::exchange(before, "  ")));
      shown.append(as_bytes(word));
    }
    shown.append(as_bytes("\r\n"));
    shown.append(as_bytes(std::string_view(prompt_)));
    shown.append(line_.view());
  }

  std::string prompt_;
  std::size_t bytes_max_;
  secret_buffer line_;
  state state_ = state::typing;
  int escape_ = 0;
};

}  // namespace tallow::cli
