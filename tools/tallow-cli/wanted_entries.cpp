#include "wanted_entries.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>

namespace tallow::cli {
namespace {

// A number at the beginning of `text`, which it is taken from.
std::optional<std::size_t> take_number(std::string_view& text, std::size_t count) {
  std::size_t number = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble != std::errc{} || number < 1 || number > count) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

std::optional<std::vector<std::size_t>> parse_numbers(std::string_view text, std::size_t count) {
  std::set<std::size_t> all;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t,"), text.size()));
    if (text.empty()) break;
    const auto first = take_number(text, count);
    if (!first) return std::nullopt;
    auto last = first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      last = take_number(text, count);
      if (!last || *last < *first) return std::nullopt;
    }
    for (std::size_t i = *first; i <= *last; ++i) all.insert(i);
    if (!text.empty() && std::string_view(" \t,").find(text.front()) == std::string_view::npos) {
      return std::nullopt;
    }
  }
  if (all.empty()) return std::nullopt;
  return std::vector<std::size_t>(all.begin(), all.end());
}

}  // namespace tallow::cli
