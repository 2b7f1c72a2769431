// What tallow-relay is asked to do.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "../shared/small_file.hpp"
#include "healthcheck.hpp"
#include "man_page.hpp"
#include "setting_sources.hpp"

namespace tallow::relay_tool {

using flag_values = std::map<std::string, texts>;

// Either what to run with, and where it came from, or the exit code.
struct command_line {
  settings chosen;
  std::string config;
  flag_values flags;
  std::optional<int> exit_code;
};

namespace detail {

// The file first, the environment over it, then the flags.
inline refusal choose(chosen_settings& to, const std::string& config, const flag_values& flags) {
  if (!config.empty()) {
    std::string content;
    if (const auto why = tools::read_small_file(config, content)) {
      return config + ": cannot be read: " + why.message();
    }
    if (auto why = read_config(to, config, content)) return why;
  }
  if (auto why = read_environment(to, [](const char* name) { return std::getenv(name); })) {
    return why;
  }
  for (const setting& one : all_settings) {
    const auto found = flags.find(one.name);
    if (found == flags.end() || found->second.empty()) continue;
    if (auto why = read_flag(to, one, found->second)) return why;
  }
  return contradiction_in(to.values);
}

inline void add_option(CLI::App& app, const setting& one, flag_values& flags) {
  const std::string flag = "--" + std::string(one.name);
  const std::string help = std::string(one.help) + " (default: " + one.print({}) + ")";
  if (one.form == shape::flag) {
    // With --NAME=false, too, for what the file or the environment says.
    app.add_flag(flag, one.help)->each([&flags, &one](const std::string& value) {
      flags[one.name] = {value};
    });
    return;
  }
  auto* option = app.add_option(flag, flags[one.name], help);
  option->type_name(one.value_name)->expected(1)->allow_extra_args(false);
  option->multi_option_policy(one.form == shape::list ? CLI::MultiOptionPolicy::TakeAll
                                                      : CLI::MultiOptionPolicy::Throw);
}

inline int write_out(const std::string& text) {
  const bool is_written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (!is_written) complain("cannot write to standard output");
  return is_written ? 0 : exit_failed;
}

}  // namespace detail

[[nodiscard]] inline command_line parse_command_line(int argc, char** argv) {
  CLI::App app("Brings two sides of a transfer together and passes their sealed bytes on.",
               "tallow-relay");
  app.set_version_flag("--version", std::string("tallow-relay ") + TALLOW_VERSION);
  app.footer(
      "Each option may stand in the configuration file under its name, and in the environment as\n"
      "TALLOW_RELAY_ and its name in capitals, where commas part the values of a list. Flags go\n"
      "before the environment, which goes before the file. TALLOW_RELAY_CONFIG names a file, too.");
  command_line parsed;
  app.add_option("--config", parsed.config,
                 "TOML file; its keys are the names of the options below")
      ->type_name("FILE")
      ->check([](const std::string& name) {
        return name.empty() ? std::string("the name of a file is wanted") : std::string();
      });
  bool prints = false;
  app.add_flag("--print-config", prints, "Print the settings and where each comes from, and end");
  for (const setting& one : all_settings) detail::add_option(app, one, parsed.flags);
  app.fallthrough();
  const auto* check = app.add_subcommand("check-config", "Only see whether the settings are right");
  const auto* example =
      app.add_subcommand("example-config", "Print a configuration file that explains itself");
  const auto* manual = app.add_subcommand("man-page", "Print the manual page");
  const auto* health = app.add_subcommand(
      "healthcheck", "Ask the relay that runs with these settings whether it is well");
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    parsed.exit_code = app.exit(e) == 0 ? 0 : exit_usage;
    return parsed;
  }
  if (example->parsed() || manual->parsed()) {
    parsed.exit_code = detail::write_out(example->parsed() ? example_config() : man_page());
    return parsed;
  }
  if (parsed.config.empty()) {
    const char* const named = std::getenv("TALLOW_RELAY_CONFIG");
    if (named != nullptr) parsed.config = named;
  }
  chosen_settings chosen;
  if (const auto why = detail::choose(chosen, parsed.config, parsed.flags)) {
    complain(*why);
    parsed.exit_code = exit_usage;
  } else if (prints) {
    parsed.exit_code = detail::write_out(printed(chosen));
  } else if (check->parsed()) {
    parsed.exit_code = detail::write_out("the settings are right\n");
  } else if (health->parsed()) {
    parsed.exit_code = check_health(chosen.values.http_listen);
  }
  parsed.chosen = std::move(chosen.values);
  return parsed;
}

// What would be chosen if the relay were started now in the same way.
[[nodiscard]] inline refusal choose_again(settings& to, const command_line& from) {
  chosen_settings chosen;
  if (auto why = detail::choose(chosen, from.config, from.flags)) return why;
  to = std::move(chosen.values);
  return std::nullopt;
}

}  // namespace tallow::relay_tool
