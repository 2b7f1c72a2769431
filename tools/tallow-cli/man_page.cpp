#include "../shared/roff.hpp"
#include "exit_texts.hpp"
#include "option_sources.hpp"
#include "pages.hpp"

namespace tallow::cli {
namespace {

using tools::roff;

std::string head_of(const option_row& row) {
  if (is_argument(row)) {
    return "\n.TP\n.I " + roff(row.name) + (row.form == shape::arguments ? " ..." : "") + "\n";
  }
  std::string text = "\n.TP\n.BI \\-\\-" + roff(row.name);
  if (row.form != shape::flag) text += " \" " + roff(row.value_name) + "\"";
  return text + "\n";
}

std::string paragraph_of(const option_row& row) {
  std::string text = head_of(row) + roff(row.help) + ".";
  if (row.form == shape::list) text += " May be given more than once.";
  if (row.says_default) text += " Default: " + roff(row.print({})) + ".";
  if (row.is_lasting) text += " Variable: " + roff(variable_of(row)) + ".";
  return text;
}

std::string section_of(const command_row& command) {
  std::string text = std::string("\n.SS ") + command.name + "\n" + roff(command.help) + ".";
  for (const option_row& row : option_rows) {
    if ((row.commands & command.bit) != 0) text += paragraph_of(row);
  }
  return text;
}

}  // namespace

std::string man_page() {
  std::string page = R"(.TH TALLOW\-CLI 1 "" "tallow )" TALLOW_VERSION R"(" "User Commands"
.SH NAME
tallow\-cli, tallow \- sends files to another machine through a relay that learns nothing
.SH SYNOPSIS
.B tallow\-cli send
.RI [ OPTION "]... " PATH ...
.br
.B tallow\-cli receive
.RI [ OPTION ]...)";
  for (const command_row& row : command_rows) {
    if (row.bit == send_bit || row.bit == receive_bit) continue;
    page += "\n.br\n.B tallow\\-cli " + roff(row.name) + "\n.RI [ OPTION ]...";
  }
  page += R"(
.SH DESCRIPTION
One side sends and is told a code, which the other side types. Both meet at a relay, which passes
sealed bytes on and learns sizes, times and addresses alone.
.PP
.B tallow
is a short name of the same program.
.SH COMMANDS
Each takes
.BR \-\-help .)";
  for (const command_row& row : command_rows) page += section_of(row);
  page += R"(
.SH CONFIGURATION
Options that have a variable may stand in the configuration file too, under their name without the
hyphens: TOML,
.B tallow\-cli config \-\-example
prints one that explains itself. An option of the command line goes before its variable, which goes
before the file. A list in a variable has commas.
.PP
.B tallow\-cli config
shows what is in force, and where each value comes from.
.SH ENVIRONMENT
.TP
TALLOW_CODE
The code. It is taken out of the environment at once.
.TP
TALLOW_CONFIG
A configuration file in place of the usual one.
.TP
XDG_CONFIG_HOME, XDG_STATE_HOME
Where the files below are, in place of ~/.config and ~/.local/state.
.SH FILES
.TP
~/.config/tallow/config.toml
Settings.
.TP
~/.local/state/tallow/known_relays
The keys of relays that were trusted on first use.
.TP
~/.local/state/tallow/sessions
Keys of transfers that were interrupted within the last day.
.TP
~/.local/state/tallow/history.sqlite
What was sent and received, and when; no codes.
.SH EXIT STATUS)";
  for (const exit_text& row : exit_texts) {
    page += "\n.TP\n" + std::to_string(static_cast<int>(row.code)) + "\n" + roff(row.text) + ".";
  }
  page += "\n.SH SEE ALSO\n.BR tallow\\-relay (1)\n";
  return page;
}

}  // namespace tallow::cli
