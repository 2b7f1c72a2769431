#include "config_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <toml++/toml.h>

#include "../shared/small_file.hpp"

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;

std::string place(const std::string& file, const toml::source_region& where) {
  return file + ":" + std::to_string(where.begin.line);
}

// Strings as they are, integers as written, truth values; nothing else is a value here.
std::optional<std::string> text_of(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_integer()) return std::to_string(number->get());
  if (const auto* flag = value.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return std::nullopt;
}

const option_row* find_key(std::string_view name) {
  const auto found =
      std::find_if(option_rows.begin(), option_rows.end(),
                   [&](const option_row& row) { return row.is_lasting && name == row.name; });
  return found == option_rows.end() ? nullptr : &*found;
}

std::string unknown_key(std::string_view key) {
  if (key == "code") return "a code works once and does not belong in a file";
  std::string why = "unknown key '" + std::string(key) + "'; allowed are";
  std::string_view between = " ";
  for (const option_row& row : option_rows) {
    if (!row.is_lasting) continue;
    why.append(between).append(row.name);
    between = ", ";
  }
  return why;
}

// What stands behind the key, one text an element.
std::optional<texts> texts_of(const option_row& row, const toml::node& value) {
  const auto* const list = value.as_array();
  texts all;
  if (list == nullptr || row.form != shape::list) {
    auto text = text_of(value);
    if (!text) return std::nullopt;
    all.push_back(std::move(*text));
    return all;
  }
  for (const toml::node& element : *list) {
    auto text = text_of(element);
    if (!text) return std::nullopt;
    all.push_back(std::move(*text));
  }
  return all;
}

// A shell does this to what is typed, and nobody to what is written in a file.
void expand_home(const option_row& row, texts& values) {
  const std::string_view kind = row.value_name == nullptr ? "" : row.value_name;
  const char* const home = std::getenv("HOME");
  if ((kind != "FOLDER" && kind != "FILE") || home == nullptr) return;
  for (std::string& value : values) {
    if (value == "~" || value.starts_with("~/")) value.replace(0, 1, home);
  }
}

const char* wanted_form(const option_row& row) {
  switch (row.form) {
    case shape::list: return "a text or a list of texts is wanted";
    case shape::flag: return "true or false is wanted";
    case shape::value:
    case shape::argument:
    case shape::arguments: return "a text or a number is wanted";
  }
  return "";
}

}  // namespace

std::optional<fs::path> config_path() {
  const char* const named = std::getenv("TALLOW_CONFIG");
  if (named != nullptr && *named != '\0') return fs::path(named);
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') return fs::path(config) / "tallow/config.toml";
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return std::nullopt;
  return fs::path(home) / ".config/tallow/config.toml";
}

tools::refusal read_config(chosen_settings& to, std::uint32_t commands, const std::string& file,
                           std::string_view content) {
  try {
    const toml::table table = toml::parse(content);
    for (const auto& [key, value] : table) {
      const std::string at = place(file, key.source());
      const option_row* const row = find_key(key.str());
      if (row == nullptr) return at + ": " + unknown_key(key.str());
      auto values = texts_of(*row, value);
      const std::string name = at + ": " + row->name;
      if (!values) return name + ": " + wanted_form(*row);
      expand_home(*row, *values);
      // What is of no use now has to be right all the same: better heard of at once.
      chosen_settings only_looked_at;
      chosen_settings& into = (row->commands & commands) != 0 ? to : only_looked_at;
      if (auto why = row->set(into.values, *values)) return name + ": " + *why;
      into.origins[row->name] = at;
    }
  } catch (const toml::parse_error& e) {
    return place(file, e.source()) + ": " + std::string(e.description());
  }
  return std::nullopt;
}

tools::refusal read_config_file(chosen_settings& to, std::uint32_t commands) {
  const auto path = config_path();
  if (!path) return std::nullopt;
  std::string content;
  if (const auto why = tools::read_small_file(*path, content)) {
    const char* const named = std::getenv("TALLOW_CONFIG");
    const bool may_be_missing = named == nullptr || *named == '\0';
    const bool is_missing =
        why == std::errc::no_such_file_or_directory || why == std::errc::not_a_directory;
    if (may_be_missing && is_missing) return std::nullopt;
    return path->native() + ": cannot be read: " + why.message();
  }
  return read_config(to, commands, path->native(), content);
}

std::string example_config() {
  std::string text =
      "# Settings of tallow-cli. What is commented out is the default. A variable of the\n"
      "# environment goes before this file, and a flag of the command line before both.\n"
      "# A code is never written here: it works once.\n";
  for (const option_row& row : option_rows) {
    if (!row.is_lasting) continue;
    text += "\n# " + std::string(row.help) + ".\n# Variable: " + variable_of(row) + "\n#" +
            row.name + " = " + row.print({}) + "\n";
  }
  return text;
}

std::string printed(const chosen_settings& chosen) {
  std::string text;
  for (const option_row& row : option_rows) {
    if (!row.is_lasting) continue;
    const auto origin = chosen.origins.find(row.name);
    text += std::string(row.name) + " = " + row.print(chosen.values) + "  # " +
            (origin == chosen.origins.end() ? "default" : origin->second) + "\n";
  }
  return text;
}

}  // namespace tallow::cli
