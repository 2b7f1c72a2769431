#include "options.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>

#include <tallow/base/limits.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "advice.hpp"
#include "hardening.hpp"
#include "terminal.hpp"

namespace tallow::cli {
namespace {

constexpr const char* exit_codes_text =
    "Exit codes: 0 done, 1 other failure, 2 usage, 3 wrong code or authentication failed, 4 peer "
    "or\n"
    "relay gone, 5 refused by the other side, 6 local file trouble, 7 disk full, 8 versions do "
    "not\n"
    "meet, 130 interrupted.";

// What CLI11 fills in; strings that are turned into something better afterwards.
struct raw_options {
  std::string relay;
  std::string code_file;
  std::string code_argument;
  std::string out = ".";
  std::string compress = "auto";
  std::string id;
  std::string on_conflict;
  std::vector<std::string> paths;
  std::string name = "stdin";
  bool text = false;
  std::uint32_t lanes = lanes_default;
  std::uint32_t outage_seconds = outage_seconds_default;
  std::uint64_t mebibytes = 1024;
  bool insecure_plaintext = false;
  bool list = false;
  bool forget = false;
  bool yes = false;
  bool json = false;
  bool digest = false;
};

void add_common(CLI::App& command, raw_options& raw) {
  command
      .add_option("--outage", raw.outage_seconds,
                  "Seconds to try again for when the connection is lost; 0: not at all")
      ->check(CLI::Range(std::uint32_t{0}, std::uint32_t{7 * 24 * 3600}))
      ->capture_default_str();
  command.add_flag("--insecure-plaintext", raw.insecure_plaintext,
                   "Speak to the relay without TLS. For tests");
  command.add_flag("--yes", raw.yes, "Answer every question with yes");
  command.add_flag("--digest", raw.digest, "At the end, print for each file what sha256sum would");
  command.add_flag("--json", raw.json, "One JSON object a line on standard output");
}

void add_relay_and_code(CLI::App& command, raw_options& raw) {
  command
      .add_option("--relay", raw.relay, "The relay, HOST:PORT or HOST:PORT#KEY; also TALLOW_RELAY")
      ->envname("TALLOW_RELAY");
  command.add_option("--code-file", raw.code_file,
                     "Read the code from FILE ('-': standard input); also TALLOW_CODE");
}

void add_resume(CLI::App& command, raw_options& raw) {
  command.add_option("ID", raw.id, "Which one, when there are several");
  command.add_option("--relay", raw.relay, "Another relay than before, HOST:PORT or HOST:PORT#KEY");
  command.add_flag("--list", raw.list, "Show what can be gone on with, and end");
  command.add_flag("--forget", raw.forget, "Forget it instead; what has arrived stays");
}

void add_bench(CLI::App& command, raw_options& raw) {
  command.add_option("--size", raw.mebibytes, "MiB to move, twice")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20U))
      ->capture_default_str();
  command.add_option("--lanes", raw.lanes, "As of send")
      ->check(CLI::Range(std::uint32_t{0}, limits::lanes_max))
      ->capture_default_str();
  command.add_flag("--json", raw.json, "One JSON object a line on standard output");
}

exit_code complain(const error& why, std::string_view where) {
  std::cerr << "tallow-cli: " << where << ": " << describe(why) << '\n';
  if (*advice_for(why.code) != '\0') std::cerr << advice_for(why.code) << '\n';
  return exit_code_for(why.code);
}

// The first line of the file; a code is no longer than that.
std::optional<secret_buffer> read_code_file(const std::string& name) {
  std::FILE* file = name == "-" ? stdin : std::fopen(name.c_str(), "re");
  if (file == nullptr) return std::nullopt;
  secret_buffer text;
  for (int c = std::fgetc(file); c != EOF && c != '\n' && text.size() < 1024;
       c = std::fgetc(file)) {
    const auto byte = static_cast<std::byte>(c);
    text.append(byte_view(&byte, 1));
  }
  const bool failed = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (failed) return std::nullopt;
  return text;
}

// From the argument, the file or the environment, in this order; nothing where none has one.
result<std::optional<crypto::code_phrase>> find_code(raw_options& raw, secret_buffer environment,
                                                     std::string_view& where) {
  secret_buffer text;
  if (!raw.code_argument.empty()) {
    where = "the code";
    text = secret_buffer(as_bytes(raw.code_argument));
    wipe(std::as_writable_bytes(std::span(raw.code_argument)));
  } else if (!raw.code_file.empty()) {
    where = "--code-file";
    auto read = read_code_file(raw.code_file);
    if (!read) return fail(errc::invalid_argument, 0, "the file cannot be read");
    text = std::move(*read);
  } else if (!environment.empty()) {
    where = "TALLOW_CODE";
    text = std::move(environment);
  } else {
    return std::nullopt;
  }
  auto code = parse_code(as_text(text.view()));
  if (!code) return fail(code.error());
  return std::optional<crypto::code_phrase>(std::move(*code));
}

exit_code refuse(std::string_view why) {
  std::cerr << "tallow-cli: " << why << '\n';
  return exit_code::usage;
}

// A single name that any receiver takes.
bool is_plain_name(const std::string& name) {
  transfer::entry e;
  e.path = name;
  return name.find('/') == std::string::npos && transfer::check_entry(e).has_value();
}

template <class Options>
command finish(Options options, raw_options& raw, secret_buffer environment) {
  std::string_view where;
  auto code = find_code(raw, std::move(environment), where);
  if (!code) return complain(code.error(), where);
  options.code = std::move(*code);
  options.relay = raw.relay;
  options.insecure_plaintext = raw.insecure_plaintext;
  options.outage_seconds = raw.outage_seconds;
  options.yes = raw.yes;
  options.json = raw.json;
  options.digest = raw.digest;
  if (options.relay.empty()) {
    std::cerr << "tallow-cli: no relay is given.\n"
                 "Name one with --relay HOST:PORT or in TALLOW_RELAY; tallow-relay runs one.\n";
    return exit_code::usage;
  }
  return options;
}

// One that was closed before we began would soon be a socket of ours.
bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

// `-` is standard input, which is one thing only.
command finish_send(send_options options, raw_options& raw, secret_buffer environment) {
  const auto streams = std::count(raw.paths.begin(), raw.paths.end(), "-");
  options.stream = streams > 0;
  options.text = raw.text;
  options.stream_name = raw.name;
  for (const std::string& path : raw.paths) {
    if (path != "-") options.paths.emplace_back(path);
  }
  if (raw.text && !raw.paths.empty()) return refuse("--text sends a text and nothing else.");
  if (!raw.text && raw.paths.empty()) return refuse("nothing to send: name a PATH, or -.");
  if (streams > 1) return refuse("standard input can be sent once.");
  if ((options.stream || options.text) && raw.code_file == "-") {
    return refuse("standard input cannot be the code and be sent too.");
  }
  if ((options.stream || options.text) && !is_open(STDIN_FILENO)) {
    return refuse("standard input is closed.");
  }
  const auto is_taken = [&](const std::filesystem::path& path) {
    return path.filename() == options.stream_name;
  };
  if (options.stream && !is_plain_name(options.stream_name)) {
    return refuse("--name takes the name of a file, without folders.");
  }
  if (options.stream && std::any_of(options.paths.begin(), options.paths.end(), is_taken)) {
    return refuse("a path has the name of the stream; give another one with --name.");
  }
  return finish(std::move(options), raw, std::move(environment));
}

command finish_receive(receive_options options, raw_options& raw, secret_buffer environment) {
  if (options.out == "-" && raw.json) {
    return refuse("--json and --out - would both write to standard output.");
  }
  if (options.out == "-" && !is_open(STDOUT_FILENO)) return refuse("standard output is closed.");
  // What comes may hold anything that a terminal obeys.
  if (options.out == "-" && ::isatty(STDOUT_FILENO) == 1) {
    return refuse("standard output is a terminal; use a pipe or a file (--out - | cat shows it).");
  }
  return finish(std::move(options), raw, std::move(environment));
}

}  // namespace

result<crypto::code_phrase> parse_code(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(first);
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  return crypto::code_phrase::parse(text);
}

std::optional<files::on_conflict> on_conflict_of(const receive_options& options) {
  const std::string& text = options.on_conflict;
  if (text == "overwrite") return files::on_conflict::overwrite;
  if (text == "skip") return files::on_conflict::skip;
  const bool asks = text == "ask" || (text.empty() && stdin_is_terminal());
  if (asks && !options.yes) return std::nullopt;
  return files::on_conflict::rename;
}

command parse_command_line(int argc, char** argv) {
  secret_buffer environment = take_environment("TALLOW_CODE");
  raw_options raw;
  CLI::App app("Sends files to another machine through a relay that learns nothing.", "tallow-cli");
  app.set_version_flag("--version", std::string("tallow-cli ") + TALLOW_VERSION);
  app.require_subcommand(1);
  app.footer(exit_codes_text);

  CLI::App* send = app.add_subcommand("send", "Send files and folders");
  add_relay_and_code(*send, raw);
  add_common(*send, raw);
  send->add_option("PATH", raw.paths, "Files and folders; '-': standard input, to its end");
  send->add_option("--name", raw.name, "What standard input is called on the other side")
      ->capture_default_str();
  send->add_flag("--text", raw.text,
                 "Send standard input as a text (64 KiB) that is shown and not stored");
  send->add_option("--lanes", raw.lanes,
                   "Connections that carry data side by side; 0: all in the control connection")
      ->check(CLI::Range(std::uint32_t{0}, limits::lanes_max))
      ->capture_default_str();
  send->add_option("--compress", raw.compress, "auto, off, or a level of zstd from 1 to 19")
      ->check([](const std::string& text) {
        return transfer::compression_choice_of(text) ? std::string()
                                                     : "auto, off, or 1 to 19 is allowed";
      })
      ->capture_default_str();

  CLI::App* receive = app.add_subcommand("receive", "Receive what somebody sends");
  add_relay_and_code(*receive, raw);
  add_common(*receive, raw);
  receive->add_option("--out", raw.out, "The folder that gets it; '-': standard output")
      ->capture_default_str();
  receive
      ->add_option("--on-conflict", raw.on_conflict,
                   "What to do with a name that is taken: ask, rename, overwrite or skip; ask at a "
                   "terminal, else rename")
      ->check(CLI::IsMember({"ask", "rename", "overwrite", "skip"}));
  receive->add_option("CODE", raw.code_argument,
                      "The code; better typed at the prompt, where nobody else sees it");

  CLI::App* resume = app.add_subcommand(
      "resume", "Go on, without a code, with what was interrupted within the last day");
  add_resume(*resume, raw);
  add_common(*resume, raw);

  CLI::App* bench = app.add_subcommand("bench", "Measure how fast this machine would be");
  add_bench(*bench, raw);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e);
    return exit_code::done;
  } catch (const CLI::ParseError& e) {
    app.exit(e, std::cerr, std::cerr);
    return exit_code::usage;
  }
  if (!raw.code_argument.empty()) hide_argument(argc, argv, raw.code_argument);

  if (bench->parsed()) return bench_options{raw.mebibytes << 20U, raw.lanes, raw.json};
  if (send->parsed()) {
    send_options options;
    options.lanes = raw.lanes;
    options.compress = raw.compress;
    return finish_send(std::move(options), raw, std::move(environment));
  }
  if (resume->parsed()) {
    return resume_options{raw.id,
                          raw.relay,
                          raw.insecure_plaintext,
                          raw.outage_seconds,
                          raw.list,
                          raw.forget,
                          raw.yes,
                          raw.json,
                          raw.digest};
  }
  receive_options options;
  options.out = raw.out;
  options.on_conflict = raw.on_conflict;
  return finish_receive(std::move(options), raw, std::move(environment));
}

}  // namespace tallow::cli
