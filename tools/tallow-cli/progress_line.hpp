// The line that shows how far a transfer is, laid out for a width. No terminal and no clock here.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format.hpp"
#include "text_width.hpp"

namespace tallow::cli {

/// How far it is.
struct progress_facts {
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;  ///< as far as it is known
  bool total_known = false;
  std::uint64_t items_done = 0;
  std::uint64_t items_total = 0;
  std::string name;       ///< of the entry at work, not escaped
  std::size_t lanes = 0;  ///< connections for data alone; 0: the control connection has all
  std::string_view path = "relay";  ///< where the data goes through
  bool is_connected = true;
};

/// And how fast.
struct pace_facts {
  double rate = 0;               ///< bytes a second; 0: not known
  std::chrono::seconds still{};  ///< for how long nothing has come
};

/// Until then a pause is nothing to speak of.
inline constexpr std::chrono::seconds pause_shown_after{3};

/// In hundredths, rounded down; nothing where the whole is not known.
[[nodiscard]] inline std::optional<unsigned> percent_of(const progress_facts& facts) {
  if (!facts.total_known || facts.bytes_total == 0) return std::nullopt;
  const double share =
      static_cast<double>(facts.bytes_done) / static_cast<double>(facts.bytes_total);
  return facts.bytes_done >= facts.bytes_total ? 100U
                                               : std::min(99U, static_cast<unsigned>(share * 100));
}

/// How long the rest takes at that rate; nothing where nobody can know.
[[nodiscard]] inline std::optional<std::chrono::seconds> time_left(const progress_facts& facts,
                                                                   double rate) {
  if (!facts.total_known || rate < 1 || facts.bytes_done >= facts.bytes_total) return std::nullopt;
  const double seconds = static_cast<double>(facts.bytes_total - facts.bytes_done) / rate;
  constexpr double a_year = 366.0 * 24 * 3600;
  if (seconds > a_year) return std::nullopt;
  return std::chrono::seconds(static_cast<long long>(seconds + 0.999));
}

/// "1.2/2.9 GiB", in one unit; "1.2 GiB" where the whole is not known, "1.2/2.9+ GiB" where it is
/// at least that.
[[nodiscard]] inline std::string bytes_text(const progress_facts& facts) {
  // What a stream has read ahead is no whole to speak of.
  const bool is_open = !facts.total_known;
  if (is_open && facts.bytes_total / 20 * 19 <= facts.bytes_done) {
    return human_bytes(facts.bytes_done);
  }
  const std::string whole = human_bytes(facts.bytes_total);
  const std::size_t blank = whole.find(' ');
  const std::string_view unit = std::string_view(whole).substr(blank + 1);
  std::string done = human_bytes_in(facts.bytes_done, unit);
  done += '/';
  done += std::string_view(whole).substr(0, blank);
  if (is_open) done += '+';
  return done + ' ' + std::string(unit);
}

/// "2 lanes by relay", "2 lanes, direct".
[[nodiscard]] inline std::string way_text(const progress_facts& facts) {
  if (facts.path == "direct") return counted(facts.lanes, "lane") + ", direct";
  return facts.lanes == 0 ? "no lanes, by relay" : counted(facts.lanes, "lane") + " by relay";
}

namespace detail {

// What there is to say of the pace: a rate and the time left, or why there is none.
inline std::vector<std::string> pace_texts(const progress_facts& facts, const pace_facts& pace) {
  if (!facts.is_connected) return {"reconnecting"};
  if (facts.total_known && facts.bytes_done >= facts.bytes_total) return {"finishing"};
  if (pace.still >= pause_shown_after) return {"stalled " + human_time(pace.still)};
  if (pace.rate < 1) return {};
  std::vector<std::string> texts{human_bytes(static_cast<std::uint64_t>(pace.rate)) + "/s"};
  if (const auto left = time_left(facts, pace.rate)) {
    texts.push_back(human_time(*left) + " left");
  }
  return texts;
}

}  // namespace detail

/// The line, in at most `columns` columns. What matters least is left out first: lanes, the name,
/// the count of items, the bytes, the time left.
[[nodiscard]] inline std::string progress_line(const progress_facts& facts, const pace_facts& pace,
                                               std::size_t columns) {
  constexpr std::size_t gap = 2;
  constexpr std::size_t name_columns_min = 12;
  struct part {
    std::string text;
    int rank;  // the lowest stay longest
  };
  std::vector<part> parts;  // as they stand in the line
  const auto percent = percent_of(facts);
  if (percent) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%3u %%", *percent);
    parts.push_back({text.data(), 0});
  }
  parts.push_back({bytes_text(facts), percent ? 3 : 0});
  int rank = 1;
  for (std::string& text : detail::pace_texts(facts, pace))
    parts.push_back({std::move(text), rank++});
  const bool is_many = facts.items_total > 1;
  if (is_many) {
    parts.push_back({std::to_string(std::min(facts.items_done, facts.items_total)) + '/' +
                         std::to_string(facts.items_total) + " items",
                     4});
  }
  if (facts.is_connected) parts.push_back({way_text(facts), 6});
  std::size_t used = 0;
  for (const part& p : parts) used += p.text.size() + gap;  // ASCII, all of them
  if (used > 0) used -= gap;
  const std::size_t name_wanted = is_many && !facts.name.empty() ? name_columns_min + gap : 0;
  for (int dropped = 6; dropped > 0; --dropped) {
    // The name goes before the count of items does.
    if (used + (dropped > 4 ? name_wanted : 0) <= columns) break;
    const auto found =
        std::find_if(parts.begin(), parts.end(), [&](const part& p) { return p.rank == dropped; });
    if (found == parts.end()) continue;
    used -= found->text.size() + gap;
    parts.erase(found);
  }
  std::string line;
  for (const part& p : parts) line += (line.empty() ? "" : "  ") + p.text;
  if (name_wanted > 0 && used + name_wanted <= columns) {
    line += "  " + shown_name(facts.name, columns - used - gap);
  }
  if (line.size() > columns && columns_of(line) > columns) line.resize(columns);
  return line;
}

/// The same for a file: one line of text a milestone.
[[nodiscard]] inline std::string milestone_line(const progress_facts& facts,
                                                const pace_facts& pace) {
  std::string line;
  if (const auto percent = percent_of(facts)) line = std::to_string(*percent) + " %, ";
  line += bytes_text(facts);
  for (const std::string& text : detail::pace_texts(facts, pace)) line += ", " + text;
  return line;
}

/// When there is something to say where nobody watches: every tenth, but not more often than every
/// 5 seconds; and every 5 minutes, as a sign of life (every minute where nobody knows the whole).
class milestones {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Whether one is reached, which is told once.
  [[nodiscard]] bool reached(const progress_facts& facts, time_point now) {
    const unsigned tenth = percent_of(facts).value_or(0) / 10;
    if (!last_at_) {
      last_at_ = now;
      last_tenth_ = tenth;
      return false;
    }
    const auto since = now - *last_at_;
    const auto rest = percent_of(facts) ? std::chrono::minutes(5) : std::chrono::minutes(1);
    const bool is_tenth = tenth > last_tenth_ && tenth < 10 && since >= std::chrono::seconds(5);
    if (!is_tenth && since < rest) return false;
    last_at_ = now;
    last_tenth_ = tenth;
    return true;
  }

 private:
  std::optional<time_point> last_at_;
  unsigned last_tenth_ = 0;
};

}  // namespace tallow::cli
