// Every option in one table: flags, variables, configuration file, help, manual page and
// completions have all they know from here. A new option is a member of `settings` and a row.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tallow/base/limits.hpp>

#include "../shared/value_kinds.hpp"
#include "option_kinds.hpp"
#include "settings.hpp"

namespace tallow::cli {

/// What can be done, a bit each: an option says by it where it belongs.
enum command_bits : std::uint32_t {
  send_bit = 1U << 0U,
  receive_bit = 1U << 1U,
  resume_bit = 1U << 2U,
  bench_bit = 1U << 3U,
  config_bit = 1U << 4U,
  completions_bit = 1U << 5U,
  man_page_bit = 1U << 6U,
  history_bit = 1U << 7U,
  relays_bit = 1U << 8U,
  doctor_bit = 1U << 9U,
  identity_bit = 1U << 10U,
};
inline constexpr std::uint32_t transfer_bits = send_bit | receive_bit | resume_bit;
inline constexpr std::uint32_t look_bits = relays_bit | doctor_bit;
inline constexpr std::uint32_t said_bits =
    transfer_bits | bench_bit | history_bit | look_bits | identity_bit;

struct command_row {
  command_bits bit;
  const char* name;
  const char* help;
};

inline constexpr std::array command_rows{
    command_row{send_bit, "send", "Send files and folders"},
    command_row{receive_bit, "receive", "Receive what somebody sends"},
    command_row{resume_bit, "resume",
                "Go on, without a code, with what was interrupted within the last day"},
    command_row{history_bit, "history", "Show what was sent and received"},
    command_row{identity_bit, "identity", "Make or show what others recognise you by"},
    command_row{bench_bit, "bench", "Measure how fast this machine would be"},
    command_row{config_bit, "config", "Show the settings and where each comes from"},
    command_row{relays_bit, "relays", "See whether relays could be used now"},
    command_row{doctor_bit, "doctor",
                "See whether anything is in the way, and what to do about it"},
    command_row{completions_bit, "completions", "Print what a shell needs to complete commands"},
    command_row{man_page_bit, "man-page", "Print the manual page"},
};

enum class shape : std::uint8_t { value, list, flag, argument, arguments };

using texts = std::vector<std::string>;

/// The parts of a list as a variable has it.
[[nodiscard]] inline texts split_at_commas(std::string_view text) {
  texts parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (comma != 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

struct option_row {
  const char* name;  ///< the flag without its hyphens, and the key; of arguments what they are
  const char* value_name;  ///< FILE, FOLDER and PATH are completed as such
  const char* help;        ///< what goes with "--name VALUE", without a full stop at its end
  std::uint32_t commands;
  shape form;
  /// All values of a list, one of anything else. Nothing changes when there is a refusal.
  tools::refusal (*set)(settings&, const texts&);
  std::string (*print)(const settings&);
  void (*list_words)(texts&);  ///< appends the words that are allowed, where it is one of a few
  bool is_lasting = false;     ///< may stand in the environment and in the configuration file
  bool says_default = false;
};

namespace detail {

template <auto Member, class Kind>
tools::refusal set_one(settings& to, const texts& values) {
  return Kind::parse(to.*Member, values.front());
}

template <auto Member, class Kind>
tools::refusal set_all(settings& to, const texts& values) {
  auto all = std::decay_t<decltype(to.*Member)>();
  for (const std::string& value : values) {
    if (auto why = Kind::parse(all.emplace_back(), value)) return why;
  }
  to.*Member = std::move(all);
  return std::nullopt;
}

template <auto Member, class Kind>
std::string print_one(const settings& from) {
  return Kind::print(from.*Member);
}

template <auto Member, class Kind>
std::string print_all(const settings& from) {
  std::string text;
  for (const auto& value : from.*Member) {
    text += (text.empty() ? "" : ", ") + Kind::print(value);
  }
  return '[' + text + ']';
}

template <class Kind>
void list_words(texts& to) {
  if constexpr (requires { Kind::words; }) {
    for (const char* word : Kind::words) to.emplace_back(word);
  }
}

}  // namespace detail

// ---- how a row is written ------------------------------------------------------------------

/// --name VALUE
template <auto Member, class Kind>
constexpr option_row value_of(std::uint32_t commands, const char* name, const char* value_name,
                              const char* help, shape form = shape::value) {
  return {name,
          value_name,
          help,
          commands,
          form,
          &detail::set_one<Member, Kind>,
          &detail::print_one<Member, Kind>,
          &detail::list_words<Kind>};
}

/// --name VALUE, as often as wanted. In a variable there are commas between.
template <auto Member, class Kind>
constexpr option_row list_of(std::uint32_t commands, const char* name, const char* value_name,
                             const char* help, shape form = shape::list) {
  return {name,
          value_name,
          help,
          commands,
          form,
          &detail::set_all<Member, Kind>,
          &detail::print_all<Member, Kind>,
          &detail::list_words<Kind>};
}

/// --name
template <auto Member>
constexpr option_row flag_of(std::uint32_t commands, const char* name, const char* help) {
  return value_of<Member, tools::flag_kind>(commands, name, "", help, shape::flag);
}

/// One word without a flag.
template <auto Member, class Kind>
constexpr option_row argument_of(std::uint32_t commands, const char* name, const char* help) {
  return value_of<Member, Kind>(commands, name, name, help, shape::argument);
}

/// Words without a flag, as many as there are.
template <auto Member, class Kind>
constexpr option_row arguments_of(std::uint32_t commands, const char* name, const char* help) {
  return list_of<Member, Kind>(commands, name, name, help, shape::arguments);
}

/// May be set for good: in the environment, as TALLOW_NAME, and in the configuration file.
constexpr option_row lasting(option_row row) {
  row.is_lasting = true;
  return row;
}

/// Its help says what holds where nobody says anything.
constexpr option_row with_default(option_row row) {
  row.says_default = true;
  return row;
}

// ---- the rows, in the order in which the help shows them -----------------------------------

inline constexpr auto send_rows = std::array{
    arguments_of<&settings::arguments, text_kind>(
        send_bit, "PATH", "Files and folders; '-': standard input, to its end"),
    with_default(value_of<&settings::stream_name, text_kind>(
        send_bit, "name", "NAME", "What standard input is called on the other side")),
    flag_of<&settings::text>(send_bit, "text",
                             "Send standard input as a text (64 KiB) that is shown and not stored"),
    lasting(list_of<&settings::excluded, text_kind>(
        send_bit, "exclude", "PATTERN",
        "Leave out what the pattern stands for, as in a .gitignore; may be given more than once")),
    lasting(flag_of<&settings::obeys_git>(
        send_bit, "git", "Leave out what git would: what .gitignore files say, and .git")),
    lasting(flag_of<&settings::follows_links>(send_bit, "follow-links",
                                              "Send what links stand for in place of the links")),
    flag_of<&settings::is_dry_run>(send_bit, "dry-run",
                                   "Say what would be sent, and how much, and send nothing"),
    lasting(flag_of<&settings::shows_qr>(send_bit, "qr", "Show the code as a QR code, too")),
    lasting(
        flag_of<&settings::copies_code>(send_bit, "copy", "Put the code into the clipboard, too")),
    lasting(with_default(value_of<&settings::lanes, tools::number_kind<0, limits::lanes_max>>(
        send_bit, "lanes", "N",
        "Connections that carry data side by side; 0: all in the control connection"))),
    lasting(with_default(value_of<&settings::compress, compress_kind>(
        send_bit, "compress", "HOW", "auto, off, or a level of zstd from 1 to 19"))),
    lasting(value_of<&settings::throttle, tools::bytes_kind>(
        send_bit | resume_bit, "throttle", "BYTES",
        "Send at most so many bytes a second, such as 500KiB; 0: no limit")),
    lasting(flag_of<&settings::signs>(
        send_bit, "sign", "Prove to the receiver who sends; 'tallow-cli identity make' first")),
    value_of<&settings::receivers, tools::number_kind<1, 64>>(
        send_bit, "count", "N", "Send it to N receivers, who use the same code; at most 64"),
    lasting(with_default(
        value_of<&settings::code_words, tools::number_kind<crypto::code_words_min, 16>>(
            send_bit, "words", "N", "How many words the code has; more are harder to guess"))),
};

inline constexpr auto receive_rows = std::array{
    argument_of<&settings::code_argument, text_kind>(
        receive_bit, "CODE", "The code; better typed at the prompt, where nobody else sees it"),
    lasting(with_default(value_of<&settings::out, tools::path_kind>(
        receive_bit | doctor_bit, "out", "FOLDER",
        "The folder that gets it; '-': standard output"))),
    flag_of<&settings::to_stdout>(receive_bit, "stdout", "As --out -: one file, or a stream"),
    flag_of<&settings::resumes>(
        receive_bit, "resume",
        "Go on with what was interrupted here, without a code; 'tallow-cli resume' on the other "
        "side"),
    lasting(value_of<&settings::on_conflict, word_or_none_kind<conflict_words>>(
        receive_bit, "on-conflict", "HOW",
        "What to do with a name that is taken: ask, rename, overwrite or skip; ask at a terminal, "
        "else rename")),
    value_of<&settings::from, fingerprint_kind>(
        receive_bit, "from", "FINGERPRINT",
        "Receive from this identity alone, which the sender proves with --sign"),
    list_of<&settings::only, text_kind>(
        receive_bit, "only", "PATTERN",
        "Receive what the pattern stands for, as in a .gitignore, and nothing else; may be given "
        "more than once"),
};

inline constexpr auto relay_rows = std::array{
    lasting(value_of<&settings::relay, text_kind>(
        send_bit | receive_bit | look_bits, "relay", "HOST:PORT",
        "The relay, HOST:PORT or HOST:PORT#KEY; of several, with commas, the first that works; "
        "without "
        "one, the local network")),
    lasting(value_of<&settings::proxy, proxy_kind>(
        transfer_bits | look_bits, "proxy", "URL",
        "Reach the relay by this proxy alone, socks5://[USER:PASSWORD@]HOST:PORT or http://..., or "
        "'none'; else ALL_PROXY says")),
    lasting(with_default(value_of<&settings::direct, tools::word_kind<direct_words>>(
        transfer_bits, "direct", "HOW",
        "Data straight to the other side: auto (where it is a neighbour, else by the relay), only, "
        "or never; with a proxy never"))),
    lasting(flag_of<&settings::direct_is_public>(
        transfer_bits, "direct-public",
        "Direct connections over public addresses, too, if both sides say so")),
    value_of<&settings::code_file, tools::path_kind>(
        send_bit | receive_bit, "code-file", "FILE",
        "Read the code from FILE ('-': standard input); also TALLOW_CODE"),
    lasting(flag_of<&settings::verifies>(
        send_bit | receive_bit, "verify",
        "Wait until both people have compared six words; nothing is told of the files before")),
};

inline constexpr auto resume_rows = std::array{
    argument_of<&settings::session, text_kind>(resume_bit, "ID",
                                               "Which one, when there are several"),
    value_of<&settings::relay, text_kind>(resume_bit, "relay", "HOST:PORT",
                                          "Another relay than before, HOST:PORT or HOST:PORT#KEY"),
    flag_of<&settings::lists>(resume_bit, "list", "Show what can be gone on with, and end"),
    flag_of<&settings::forgets>(resume_bit, "forget", "Forget it instead; what has arrived stays"),
};

inline constexpr auto bench_rows = std::array{
    with_default(value_of<&settings::bench_bytes, mebibytes_kind>(bench_bit, "size", "MIB",
                                                                  "MiB to move, twice")),
    with_default(value_of<&settings::lanes, tools::number_kind<0, limits::lanes_max>>(
        bench_bit, "lanes", "N", "As of send")),
};

inline constexpr auto history_rows = std::array{
    with_default(value_of<&settings::history_count, tools::number_kind<1, 1'000'000>>(
        history_bit, "limit", "N", "How many to show, the newest first")),
    flag_of<&settings::clears_history>(history_bit, "clear", "Forget all of it instead"),
    lasting(flag_of<&settings::keeps_no_history>(transfer_bits, "no-history",
                                                 "Keep nothing of this in the history")),
};

inline constexpr auto setup_rows = std::array{
    argument_of<&settings::identity_action, word_or_none_kind<identity_words>>(
        identity_bit, "ACTION",
        "make: a new one, where there is none; show: its fingerprint, as without a word; export: "
        "its public keys"),
    flag_of<&settings::shows_example>(
        config_bit, "example", "Print a file that explains each setting and changes none, and end"),
    flag_of<&settings::shows_path>(config_bit, "path", "Print where the file is, and end"),
    argument_of<&settings::shell, word_or_none_kind<shell_words>>(completions_bit, "SHELL",
                                                                  "bash, zsh or fish"),
};

inline constexpr auto common_rows = std::array{
    lasting(with_default(value_of<&settings::outage_seconds, tools::number_kind<0, 7 * 24 * 3600>>(
        transfer_bits, "outage", "SECONDS",
        "Seconds to try again for when the connection is lost; 0: not at all"))),
    flag_of<&settings::insecure_plaintext>(transfer_bits | look_bits, "insecure-plaintext",
                                           "Speak to the relay without TLS. For tests"),
    flag_of<&settings::yes>(transfer_bits, "yes", "Answer every question with yes"),
    lasting(flag_of<&settings::digest>(transfer_bits, "digest",
                                       "At the end, print for each file what sha256sum would")),
    flag_of<&settings::json>(said_bits, "json", "One JSON object a line on standard output"),
    flag_of<&settings::quiet>(said_bits, "quiet", "Say nothing but the code, questions and errors"),
    lasting(value_of<&settings::log_file, tools::path_kind>(
        said_bits, "log-file", "FILE",
        "Append what happens to FILE, with its time; never the code")),
};

namespace detail {

template <std::size_t... Sizes>
constexpr auto joined(const std::array<option_row, Sizes>&... groups) {
  std::array<option_row, (Sizes + ...)> all{};
  std::size_t count = 0;
  const auto append = [&](const auto& group) {
    for (const option_row& row : group) all[count++] = row;
  };
  (append(groups), ...);
  return all;
}

}  // namespace detail

inline constexpr auto option_rows =
    detail::joined(send_rows, receive_rows, relay_rows, resume_rows, bench_rows, history_rows,
                   setup_rows, common_rows);

[[nodiscard]] constexpr bool is_argument(const option_row& row) noexcept {
  return row.form == shape::argument || row.form == shape::arguments;
}

}  // namespace tallow::cli
