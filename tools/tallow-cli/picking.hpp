// What a person picks of an offer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/entry.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "asking.hpp"
#include "format.hpp"
#include "reporter.hpp"
#include "wanted_entries.hpp"

namespace tallow::cli {

/// A name at the top of an offer, with all below it.
struct offered_name {
  std::string name;
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  bool is_folder = false;
};

/// The names of an offer that was not answered yet, in its order.
template <class Receiver>
[[nodiscard]] std::vector<offered_name> names_of(const Receiver& offered) {
  std::vector<offered_name> all;
  offered.for_each_waiting([&](const transfer::entry& e) {
    const std::string_view top = std::string_view(e.path).substr(0, e.path.find('/'));
    // What lies in a folder comes behind it.
    if (all.empty() || all.back().name != top) all.push_back({std::string(top)});
    offered_name& one = all.back();
    ++one.items;
    one.bytes += e.size;
    one.is_folder =
        one.is_folder || e.kind == transfer::entry_kind::directory || top.size() < e.path.size();
  });
  return all;
}

/// How much of an offer is wanted, as far as it is known.
struct wanted_part {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_left_out = 0;
};

template <class Receiver>
[[nodiscard]] wanted_part part_of(const Receiver& offered, const wanted_entries& wanted) {
  wanted_part part;
  offered.for_each_waiting([&](const transfer::entry& e) {
    if (wanted.has(e)) {
      ++part.items;
      part.bytes += e.size;
    } else {
      part.bytes_left_out += e.size;
    }
  });
  return part;
}

/// What a person has answered to an offer: yes, and which patterns if not all of it.
struct offer_answer {
  bool is_yes = false;
  std::vector<std::string> only;
};

/// Shows the names with numbers, and asks for some of them.
///
/// @param may_match  whether a pattern could be that of something
template <class MayMatch>
asio::awaitable<offer_answer> pick(const std::vector<offered_name>& names, MayMatch may_match,
                                   reporter& report) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const offered_name& one = names[i];
    report.say_always("  " + std::to_string(i + 1) + "  " + transfer::escape_for_display(one.name) +
                      (one.is_folder ? "/" : "") + "  " + human_bytes(one.bytes));
  }
  for (;;) {
    const auto line = co_await ask_for_line(
        report, "Which of them? Numbers such as 1 3-5, or a pattern such as *.txt: ");
    if (!line || line->empty()) co_return offer_answer{};
    const std::string_view text = as_text(line->view());
    if (text.find_first_not_of("0123456789 \t,-") != std::string_view::npos) {
      const std::string pattern(text);
      if (may_match(pattern)) co_return offer_answer{true, {pattern}};
      report.say_always("Nothing of it is called " + transfer::escape_for_display(pattern) + ".");
      continue;
    }
    const auto numbers = parse_numbers(text, names.size());
    if (!numbers) continue;
    offer_answer answer{true, {}};
    for (const std::size_t n : *numbers) {
      answer.only.push_back(wanted_entries::pattern_of(names[n - 1].name));
    }
    co_return answer;
  }
}

/// Asks whether an offer is wanted. Of more than one name some may be picked.
///
/// @param may_match  as of pick()
template <class MayMatch>
asio::awaitable<offer_answer> ask_whether_wanted(std::string place,
                                                 const std::vector<offered_name>& names,
                                                 bool may_pick, MayMatch may_match,
                                                 reporter& report) {
  // A list that nobody could read is no choice; a pattern is.
  constexpr std::size_t names_max = 1000;
  const bool picks = may_pick && names.size() > 1 && names.size() <= names_max;
  const auto line =
      co_await ask_for_line(report, place + (picks ? "? [y/N, p: pick] " : "? [y/N] "));
  const bool wants_list = line && (as_text(line->view()) == "p" || as_text(line->view()) == "P");
  if (picks && wants_list) co_return co_await pick(names, may_match, report);
  co_return offer_answer{is_yes(line), {}};
}

}  // namespace tallow::cli
