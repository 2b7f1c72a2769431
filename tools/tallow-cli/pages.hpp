// What others read of the table of options: the manual page, and how shells complete them.
#pragma once

#include <string>

namespace tallow::cli {

/// Section 1 of the manual: what `man tallow-cli` shows.
[[nodiscard]] std::string man_page();

/// What these shells read to complete a command line.
[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

}  // namespace tallow::cli
