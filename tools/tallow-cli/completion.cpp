#include <string_view>

#include "option_sources.hpp"
#include "pages.hpp"

namespace tallow::cli {
namespace {

// ---- what the shells have in common --------------------------------------------------------

// As far as the first clause goes: a list of options has a line for each.
std::string brief(const char* help) {
  const std::string_view text(help);
  std::size_t end = text.size();
  for (const std::string_view mark : {"; ", ". ", " ("}) end = std::min(end, text.find(mark));
  return std::string(text.substr(0, end));
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

enum class completed : std::uint8_t { nothing, files, folders, words };

completed what_completes(const option_row& row) {
  texts words;
  row.list_words(words);
  const std::string_view name = row.value_name;
  if (!words.empty()) return completed::words;
  if (name == "FILE" || name == "PATH") return completed::files;
  return name == "FOLDER" ? completed::folders : completed::nothing;
}

void add_word(std::string& text, const std::string& word) {
  text += (text.empty() ? "" : " ") + word;
}

std::string words_of(const option_row& row) {
  texts words;
  row.list_words(words);
  std::string text;
  for (const std::string& word : words) add_word(text, word);
  return text;
}

bool belongs(const option_row& row, const command_row& command) {
  return (row.commands & command.bit) != 0;
}

std::string all_commands() {
  std::string text;
  for (const command_row& row : command_rows) add_word(text, row.name);
  return text;
}

// ---- bash ------------------------------------------------------------------------------------

std::string bash_action(const option_row& row) {
  switch (what_completes(row)) {
    case completed::words: return "_tallow_cli_words " + shell_quoted(words_of(row)) + " \"$cur\"";
    case completed::files: return "_tallow_cli_paths -f \"$cur\"";
    case completed::folders: return "_tallow_cli_paths -d \"$cur\"";
    case completed::nothing: return ":";
  }
  return {};
}

// What may stand where `cur` is, when no option before it wants it.
std::string bash_case(const command_row& command) {
  std::string flags = "--help";
  std::string words = ":";
  for (const option_row& row : option_rows) {
    if (!belongs(row, command)) continue;
    if (is_argument(row)) {
      words = bash_action(row);
    } else {
      flags += " --" + std::string(row.name);
    }
  }
  return "    " + std::string(command.name) +
         ")\n      if [[ $cur == -* ]]; then _tallow_cli_words " + shell_quoted(flags) +
         " \"$cur\"; else " + words + "; fi ;;\n";
}

}  // namespace

std::string bash_completion() {
  std::string text = R"(# Completion of tallow-cli for bash. Made by: tallow-cli completions bash

_tallow_cli_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }

_tallow_cli_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_tallow_cli() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
  done
  # bash takes --name=value for three words.
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $command:$prev in
)";
  for (const command_row& command : command_rows) {
    for (const option_row& row : option_rows) {
      if (!belongs(row, command) || is_argument(row) || row.form == shape::flag) continue;
      text += "    " + std::string(command.name) + ":--" + row.name + ") " + bash_action(row) +
              "; return ;;\n";
    }
  }
  text += "  esac\n  case $command in\n    '') _tallow_cli_words " +
          shell_quoted(all_commands() + " --help --version") + " \"$cur\" ;;\n";
  for (const command_row& command : command_rows) text += bash_case(command);
  return text + "  esac\n}\n\ncomplete -F _tallow_cli tallow-cli tallow\n";
}

// ---- zsh -------------------------------------------------------------------------------------

namespace {

// Text inside of the brackets of an _arguments specification.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const option_row& row) {
  switch (what_completes(row)) {
    case completed::words: return "(" + words_of(row) + ")";
    case completed::files: return "_files";
    case completed::folders: return "_files -/";
    case completed::nothing: return " ";
  }
  return {};
}

std::string zsh_line(const option_row& row) {
  const std::string value = ":" + zsh_text(row.value_name) + ":" + zsh_action(row);
  std::string text;
  switch (row.form) {
    case shape::argument: text = "1" + value; break;
    case shape::arguments: text = "*" + value; break;
    case shape::flag:
    case shape::value:
    case shape::list:
      text = (row.form == shape::list ? "*--" : "--") + std::string(row.name) +
             (row.form == shape::flag ? "" : "=") + "[" + zsh_text(brief(row.help)) + "]" +
             (row.form == shape::flag ? "" : value);
  }
  return " \\\n        " + shell_quoted(text);
}

}  // namespace

std::string zsh_completion() {
  std::string text = R"(#compdef tallow-cli tallow
# Completion of tallow-cli for zsh. Made by: tallow-cli completions zsh

_tallow-cli() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a commands
  _arguments -C '(- *)--help[Show what can be said, and end]' \
    '(- *)--version[Show the version, and end]' '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      commands=()";
  for (const command_row& row : command_rows) {
    text += "\n        " + shell_quoted(row.name + (":" + zsh_text(brief(row.help))));
  }
  text +=
      ")\n      _describe -t commands command commands ;;\n    argument)\n      case $words[1] "
      "in\n";
  for (const command_row& command : command_rows) {
    text += "      " + std::string(command.name) +
            ")\n        _arguments '(- *)--help[Show the options, and end]'";
    for (const option_row& row : option_rows) {
      if (belongs(row, command)) text += zsh_line(row);
    }
    text += " ;;\n";
  }
  return text + R"(      esac ;;
  esac
}

if [[ $funcstack[1] == _tallow-cli ]]; then
  _tallow-cli "$@"
else
  compdef _tallow-cli tallow-cli tallow
fi
)";
}

// ---- fish ------------------------------------------------------------------------------------

namespace {

// In single quotes fish knows two escapes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_line(const command_row& command, const option_row& row) {
  std::string text =
      "complete -c tallow-cli -n '__fish_seen_subcommand_from " + std::string(command.name) + "'";
  if (!is_argument(row))
    text += " -l " + std::string(row.name) + " -d " + fish_quoted(brief(row.help));
  switch (what_completes(row)) {
    case completed::words: text += " -xa " + fish_quoted(words_of(row)); break;
    case completed::files: text += is_argument(row) ? " -F" : " -rF"; break;
    case completed::folders: text += " -xa '(__fish_complete_directories)'"; break;
    case completed::nothing:
      if (is_argument(row)) return {};
      if (row.form != shape::flag) text += " -x";
  }
  return text + "\n";
}

}  // namespace

std::string fish_completion() {
  std::string text = R"(# Completion of tallow-cli for fish. Made by: tallow-cli completions fish

complete -c tallow -w tallow-cli
complete -c tallow-cli -f
complete -c tallow-cli -l help -d 'Show what can be said, and end'
complete -c tallow-cli -n __fish_use_subcommand -l version -d 'Show the version, and end'
)";
  for (const command_row& row : command_rows) {
    text += "complete -c tallow-cli -n __fish_use_subcommand -a " + std::string(row.name) + " -d " +
            fish_quoted(brief(row.help)) + "\n";
  }
  for (const command_row& command : command_rows) {
    for (const option_row& row : option_rows) {
      if (belongs(row, command)) text += fish_line(command, row);
    }
  }
  return text;
}

}  // namespace tallow::cli
