#include "options.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>

#include <tallow/base/secret.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "advice.hpp"
#include "config_file.hpp"
#include "exit_texts.hpp"
#include "given_code.hpp"
#include "hardening.hpp"
#include "option_sources.hpp"
#include "pages.hpp"
#include "terminal.hpp"

namespace tallow::cli {
namespace {

std::string footer() {
  std::string text =
      "What has a variable may stand in the configuration file too; tallow-cli config shows it.\n\n"
      "Exit codes:\n";
  for (const exit_text& row : exit_texts) {
    const std::string number = std::to_string(static_cast<int>(row.code));
    text += std::string(5 - number.size(), ' ') + number + "  " + row.text + '\n';
  }
  text.pop_back();
  return text;
}

// What the command line says for one row of the table.
struct given {
  const option_row* row;
  CLI::Option* option = nullptr;
  texts values;
  bool flag = false;
};

struct command_parser {
  const command_row* row;
  CLI::App* app;
  std::deque<given> options;  // CLI11 keeps pointers into it
};

std::string help_of(const option_row& row) {
  std::string notes = row.is_lasting ? variable_of(row) : std::string();
  if (row.says_default) notes += (notes.empty() ? "default: " : "; default: ") + row.print({});
  return notes.empty() ? row.help : std::string(row.help) + " (" + notes + ")";
}

void add_option(CLI::App& app, given& to) {
  const option_row& row = *to.row;
  const std::string name = is_argument(row) ? row.name : "--" + std::string(row.name);
  if (row.form == shape::flag) {
    to.option = app.add_flag(name, to.flag, help_of(row));
    return;
  }
  to.option = app.add_option(name, to.values, help_of(row));
  to.option->type_name(is_argument(row) ? "" : row.value_name);
  if (row.form == shape::arguments) return;
  to.option->expected(1)->allow_extra_args(false);
  to.option->multi_option_policy(row.form == shape::list ? CLI::MultiOptionPolicy::TakeAll
                                                         : CLI::MultiOptionPolicy::Throw);
}

void add_command(CLI::App& app, const command_row& row, std::deque<command_parser>& to) {
  command_parser& made = to.emplace_back(command_parser{&row, nullptr, {}});
  made.app = app.add_subcommand(row.name, row.help);
  for (const option_row& option : option_rows) {
    if ((option.commands & row.bit) == 0) continue;
    add_option(*made.app, made.options.emplace_back(given{&option, nullptr, {}}));
  }
}

tools::refusal read_flags(chosen_settings& to, std::deque<given>& options) {
  for (given& one : options) {
    if (one.row->form == shape::flag && one.option->count() > 0) {
      one.values = {one.flag ? "true" : "false"};
    }
    if (one.values.empty()) continue;
    const std::string origin = (is_argument(*one.row) ? "" : "--") + std::string(one.row->name);
    if (auto why = take(to, *one.row, one.values, origin)) return why;
  }
  return std::nullopt;
}

// Gives what stood behind `--` to the arguments that are not named by a flag. A refusal where there
// is none left.
tools::refusal add_arguments(std::deque<given>& options, std::span<char* const> behind) {
  for (const char* const text : behind) {
    const auto to = std::find_if(options.begin(), options.end(), [](const given& one) {
      return is_argument(*one.row) && (one.row->form == shape::arguments || one.values.empty());
    });
    if (to == options.end()) return "unexpected argument " + transfer::escape_for_display(text);
    to->values.emplace_back(text);
  }
  return std::nullopt;
}

exit_code complain(const error& why, std::string_view where) {
  std::cerr << "tallow-cli: " << where << ": " << describe(why) << side_suffix(why.code) << '\n'
            << advice_for(why.code) << '\n';
  return exit_code_for(why.code);
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

exit_code refuse_without_relay(const std::string& but = "") {
  return refuse("no relay is given" + but + ".\n" + name_a_relay);
}

// Which relay, and whether a proxy stands before it.
template <class Options>
command find_way(Options options, bool needs_relay = true) {
  if (auto read = options.proxies.read(options.proxy); !read) {
    return complain(read.error(), options.proxies.where());
  }
  wipe(std::as_writable_bytes(std::span(options.proxy)));
  options.proxy.clear();
  if (needs_relay && options.relay.empty()) return refuse_without_relay();
  return options;
}

// Two neighbours need no relay of others, unless they want to be seen by nobody.
template <class Options>
command find_local_way(Options options) {
  if (!options.relay.empty()) return options;
  if (options.proxies.is_set()) {
    return refuse_without_relay(", and who goes by a proxy is not told of on the local network");
  }
  if (options.direct == "never") {
    return refuse_without_relay(", and --direct never rules out the local network");
  }
  options.local.emplace();
  return options;
}

template <class Options>
command finish(Options options, secret_buffer environment) {
  if (options.verifies && options.yes) {
    return refuse("--verify asks a person to compare words, and --yes says that nobody is there.");
  }
  if (options.is_dry_run) return options;  // it meets nobody
  std::string where;
  auto code = find_code(options, std::move(environment), where);
  if (!code) return complain(code.error(), where);
  options.code = std::move(*code);
  command way = find_way(std::move(options), false);
  auto* const found = std::get_if<Options>(&way);
  return found == nullptr ? std::move(way) : find_local_way(std::move(*found));
}

// One that was closed before we began would soon be a socket of ours.
bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

// `-` is standard input, which is one thing only.
command finish_send(send_options options, secret_buffer environment) {
  const texts& named = options.arguments;
  const auto streams = std::count(named.begin(), named.end(), "-");
  options.stream = streams > 0;
  for (const std::string& path : named) {
    if (path != "-") options.paths.emplace_back(path);
  }
  if (options.text && !named.empty()) return refuse("--text sends a text and nothing else.");
  if (!options.text && named.empty()) return refuse("nothing to send: name a PATH, or -.");
  if (streams > 1) return refuse("standard input can be sent once.");
  if (options.text && options.is_dry_run) return refuse("--dry-run has nothing to say of a text.");
  if (!options.stream && options.stream_name != settings().stream_name) {
    return refuse("--name is for standard input, which '-' sends; files keep their names.");
  }
  if ((options.stream || options.text) && options.code_file == "-") {
    return refuse("standard input cannot be the code and be sent too.");
  }
  if ((options.stream || options.text) && options.verifies) {
    return refuse("standard input is sent, so nobody could answer what --verify asks.");
  }
  if (options.stream && options.receivers > 1) {
    return refuse("standard input can be read once, and so has one receiver.");
  }
  if (options.verifies && options.receivers > 1) {
    return refuse("--verify compares words with one receiver; --count has several.");
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
  return finish(std::move(options), std::move(environment));
}

command finish_receive(receive_options options, secret_buffer environment) {
  if (options.to_stdout) options.out = "-";
  if (options.resumes) {
    if (!options.code_argument.empty() || !options.code_file.empty() || !environment.empty()) {
      return refuse("--resume goes on without a code.");
    }
    if (options.to_stdout) return refuse("--resume goes on in the folder of before.");
    return resume_options{std::move(options), true};
  }
  if (options.out == "-" && options.json) {
    return refuse("--json and --out - would both write to standard output.");
  }
  if (options.out == "-" && !is_open(STDOUT_FILENO)) return refuse("standard output is closed.");
  // What comes may hold anything that a terminal obeys.
  if (options.out == "-" && ::isatty(STDOUT_FILENO) == 1) {
    return refuse("standard output is a terminal; use a pipe or a file (--out - | cat shows it).");
  }
  return finish(std::move(options), std::move(environment));
}

exit_code write_out(const std::string& text) {
  const bool is_written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (!is_written) std::cerr << "tallow-cli: cannot write to standard output\n";
  return is_written ? exit_code::done : exit_code::files;
}

exit_code show_completion(const std::string& shell) {
  if (shell == "bash") return write_out(bash_completion());
  if (shell == "zsh") return write_out(zsh_completion());
  if (shell == "fish") return write_out(fish_completion());
  return refuse("name a shell: bash, zsh or fish.");
}

// The file first, the environment over it.
tools::refusal read_lasting(chosen_settings& to, std::uint32_t commands) {
  const auto why = read_config_file(to, commands);
  // Also where the file is wrong: doctor goes on with what there is.
  const auto also =
      read_environment(to, commands, [](const char* name) { return std::getenv(name); });
  return why ? why : also;
}

exit_code show_config(const settings& asked) {
  if (asked.shows_example) return write_out(example_config());
  const auto path = config_path();
  if (asked.shows_path) {
    return path ? write_out(path->native() + '\n') : refuse("there is no home folder.");
  }
  chosen_settings chosen;
  if (const auto why = read_lasting(chosen, ~std::uint32_t{0})) return refuse(*why);
  std::error_code failure;
  std::string text = "# There is no home folder, and so no file.\n";
  if (path) {
    const bool is_there = std::filesystem::exists(*path, failure);
    text = "# File: " + path->native() + (is_there ? "\n" : " (not there)\n");
  }
  return write_out(text + printed(chosen));
}

// Commands that only show something.
constexpr std::uint32_t page_bits = config_bit | completions_bit | man_page_bit;

command finish(command_bits which, settings values, secret_buffer environment) {
  switch (which) {
    case send_bit:
      return finish_send({{std::move(values), {}, {}, {}, {}}, {}, {}, false},
                         std::move(environment));
    case receive_bit:
      return finish_receive({{std::move(values), {}, {}, {}, {}}}, std::move(environment));
    case resume_bit: return resume_options{std::move(values), false};
    case bench_bit: return bench_options{std::move(values)};
    case history_bit: return history_options{std::move(values)};
    case identity_bit: return identity_options{std::move(values)};
    case config_bit: return show_config(values);
    case relays_bit: return find_way(relays_options{{std::move(values), {}, {}}});
    case doctor_bit: return find_way(doctor_options{{std::move(values), {}, {}}}, false);
    case completions_bit: return show_completion(values.shell);
    case man_page_bit: return write_out(man_page());
  }
  return exit_code::usage;
}

}  // namespace

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
  CLI::App app("Sends files to another machine through a relay that learns nothing.", "tallow-cli");
  app.set_version_flag("--version", std::string("tallow-cli ") + TALLOW_VERSION);
  app.require_subcommand(1);
  app.footer(footer());
  std::deque<command_parser> parsers;
  for (const command_row& row : command_rows) add_command(app, row, parsers);
  // CLI11 takes no argument behind `--` where one came before it, so it does not get to see them.
  const std::span<char* const> words(argv, static_cast<std::size_t>(argc));
  const auto dashes = std::find(words.begin(), words.end(), std::string_view("--"));
  const auto behind =
      words.subspan(std::min(words.size(), static_cast<std::size_t>(dashes - words.begin()) + 1));
  try {
    app.parse(static_cast<int>(dashes - words.begin()), argv);
  } catch (const CLI::Success& e) {
    app.exit(e);
    return exit_code::done;
  } catch (const CLI::RequiredError& e) {
    if (app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-') {
      return refuse("there is no command " + transfer::escape_for_display(argv[1]) +
                    "; 'tallow-cli --help' shows all.");
    }
    app.exit(e, std::cerr, std::cerr);
    return exit_code::usage;
  } catch (const CLI::ParseError& e) {
    app.exit(e, std::cerr, std::cerr);
    return exit_code::usage;
  }
  const auto parser = std::find_if(parsers.begin(), parsers.end(),
                                   [](const command_parser& one) { return one.app->parsed(); });
  chosen_settings chosen;
  tools::refusal why;
  // What explains the settings has to work where one is wrong.
  if ((parser->row->bit & page_bits) == 0) why = read_lasting(chosen, parser->row->bit);
  std::optional<std::string> wrong_settings;  // which doctor has to tell of, not to end by
  if (parser->row->bit == doctor_bit) wrong_settings = std::exchange(why, std::nullopt);
  if (!why) why = add_arguments(parser->options, behind);
  if (!why) why = read_flags(chosen, parser->options);
  if (!chosen.values.code_argument.empty()) hide_argument(argc, argv, chosen.values.code_argument);
  // It may hold a password.
  if (chosen.values.proxy.find('@') != std::string::npos) {
    hide_argument(argc, argv, chosen.values.proxy);
  }
  (void)take_environment("TALLOW_PROXY");
  if (why) return refuse(*why);
  command what = finish(parser->row->bit, std::move(chosen.values), std::move(environment));
  if (auto* looks = std::get_if<doctor_options>(&what)) {
    looks->wrong_settings = std::move(wrong_settings);
  }
  return what;
}

}  // namespace tallow::cli
