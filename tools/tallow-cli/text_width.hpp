// How many columns of a terminal a text takes, and names cut to fit.
#pragma once

#include <clocale>
#include <cstddef>
#include <cwchar>
#include <string>
#include <string_view>
#include <vector>

#include <tallow/transfer/path_rules.hpp>
#include <tallow/wire/utf8.hpp>

namespace tallow::cli {

namespace detail {

// glibc knows the width of every character, in the locale of the thread. Names are UTF-8 whatever
// the user's locale is.
class utf8_locale {
 public:
  utf8_locale() noexcept : made_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (made_ != nullptr) before_ = ::uselocale(made_);
  }
  utf8_locale(const utf8_locale&) = delete;
  utf8_locale& operator=(const utf8_locale&) = delete;
  ~utf8_locale() {
    if (made_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(made_);
  }

 private:
  ::locale_t made_;
  ::locale_t before_{};
};

inline std::size_t columns_of(char32_t c) noexcept {
  if (c < 0x80) return 1;
  if (c == 0xFE0F) return 1;  // makes an emoji of what stands before it, which widens it
  const int columns = ::wcwidth(static_cast<wchar_t>(c));
  if (columns >= 0) return static_cast<std::size_t>(columns);
  return 2;  // not known here: better a line too short than one that wraps
}

}  // namespace detail

/// The columns that `text` takes, which is UTF-8 and free of control characters.
[[nodiscard]] inline std::size_t columns_of(std::string_view text) {
  const detail::utf8_locale locale;
  std::size_t columns = 0;
  while (!text.empty()) {
    const utf8_step step = next_code_point(text);
    columns += step.bytes == 0 ? 1 : detail::columns_of(step.code_point);
    text.remove_prefix(step.bytes == 0 ? 1 : step.bytes);
  }
  return columns;
}

/// `name`, escaped, in at most `columns_max` columns. Of one that is longer the end is kept, which
/// says more than its folders; no character and no escape is torn.
[[nodiscard]] inline std::string shown_name(std::string_view name, std::size_t columns_max) {
  constexpr std::string_view mark = "...";
  struct piece {
    std::string text;
    std::size_t columns;
  };
  std::vector<piece> pieces;
  std::size_t total = 0;
  for (std::string_view rest = name; !rest.empty();) {
    const utf8_step step = next_code_point(rest);
    const std::size_t bytes = step.bytes == 0 ? 1 : step.bytes;
    std::string text = transfer::escape_for_display(rest.substr(0, bytes));
    const std::size_t columns = columns_of(text);
    total += columns;
    pieces.push_back({std::move(text), columns});
    rest.remove_prefix(bytes);
  }
  std::size_t first = 0;
  std::string shown;
  if (total > columns_max) {
    if (columns_max <= mark.size()) return std::string(columns_max, '.');
    // What takes no column belongs to the character before it.
    while (first < pieces.size() &&
           (total + mark.size() > columns_max || pieces[first].columns == 0)) {
      total -= pieces[first++].columns;
    }
    shown = mark;
  }
  for (; first < pieces.size(); ++first) shown += pieces[first].text;
  return shown;
}

}  // namespace tallow::cli
