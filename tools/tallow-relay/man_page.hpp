// The manual page, from the table of settings.
#pragma once

#include <string>

#include "../shared/roff.hpp"
#include "setting_sources.hpp"

namespace tallow::relay_tool {

// Section 1 of the manual: what `man tallow-relay` shows.
[[nodiscard]] inline std::string man_page() {
  using tools::roff;
  std::string page = R"(.TH TALLOW\-RELAY 1 "" "tallow )" TALLOW_VERSION R"(" "User Commands"
.SH NAME
tallow\-relay \- brings two sides of a transfer together and passes their sealed bytes on
.SH SYNOPSIS
.B tallow\-relay
.RI [ OPTION ]...
.br
.B tallow\-relay check\-config
.RI [ OPTION ]...
.br
.B tallow\-relay example\-config
.br
.B tallow\-relay healthcheck
.RI [ OPTION ]...
.SH DESCRIPTION
A relay knows rooms, connections and byte counts. What it passes on is sealed by the two sides, and
it learns nothing of it but sizes and times.
.PP
When it listens it prints one line on standard output; everything else goes to its log on standard
error.
.SH OPTIONS
.TP
.BI \-\-config " FILE"
TOML file whose keys are the names of the settings; also TALLOW_RELAY_CONFIG.
.TP
.B \-\-print\-config
Print all settings and where each comes from, and end.
.TP
.B \-\-help
.TQ
.B \-\-version
.SH COMMANDS
.TP
.B check\-config
Only see whether the settings are right.
.TP
.B example\-config
Print a configuration file that explains itself.
.TP
.B healthcheck
Ask the relay that runs with these settings whether it is well.
.SH SETTINGS
Each may stand on the command line as an option, in the environment under its variable, and in the
file under its name. Options go before the environment, which goes before the file. A list in a
variable has commas.
)";
  for (const setting& one : all_settings) {
    page += ".TP\n.BI \\-\\-" + roff(one.name);
    if (one.form != shape::flag) page += " \" " + roff(one.value_name) + "\"";
    page += "\n" + roff(one.help) + ".\nDefault: " + roff(one.print({})) +
            ". Variable: " + roff(variable_of(one));
    if (one.short_variable != nullptr) page += " or " + roff(one.short_variable);
    page += one.is_taken_at_once ? ". Taken on SIGHUP.\n" : ".\n";
  }
  page += R"(.SH SIGNALS
.TP
SIGTERM, SIGINT
Take nobody new, let transfers that run go on for the drain timeout, and end; a second one ends at
once.
.TP
SIGHUP
Read the configuration again. No connection ends by it. What the settings above say is taken at
once; the log names what has changed and needs another start. A mistake changes nothing.
.SH EXIT STATUS
0 when it was told to end, 1 on failure, 2 when the settings are wrong.
)";
  return page;
}

}  // namespace tallow::relay_tool
