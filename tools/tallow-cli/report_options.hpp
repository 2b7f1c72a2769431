// What a command is to say of itself, and where.
#pragma once

#include <string>

namespace tallow::cli {

struct report_options {
  bool json = false;     ///< events on standard output
  bool quiet = false;    ///< errors, questions and the code only
  std::string log_file;  ///< its name, or nothing
};

/// What the options of a command say of it.
template <class Options>
[[nodiscard]] report_options report_options_of(const Options& options) {
  return {options.json, options.quiet, options.log_file};
}

}  // namespace tallow::cli
