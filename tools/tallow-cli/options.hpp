// What the command line and the environment ask for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/transfer/compression_policy.hpp>

#include "exit_code.hpp"

namespace tallow::cli {

/// Lanes of a transfer unless --lanes says otherwise: more pay only where one core cannot fill the
/// network.
inline constexpr std::uint32_t lanes_default = 2;

/// How long a lost connection is tried again: a router that restarts, a walk between two networks.
inline constexpr std::uint32_t outage_seconds_default = 600;

/// Options of both commands.
struct common_options {
  std::string relay;                        ///< HOST:PORT
  std::optional<crypto::code_phrase> code;  ///< given by option, environment or argument
  std::uint32_t outage_seconds = outage_seconds_default;
  bool yes = false;  ///< answers every question with yes
  bool json = false;
};

struct send_options : common_options {
  std::uint32_t lanes = lanes_default;
  transfer::compression_choice compression;
  std::vector<std::filesystem::path> paths;
};

struct receive_options : common_options {
  std::filesystem::path out = ".";
};

/// What to run, or the exit status where the command line settles everything (--help, a mistake).
using command = std::variant<send_options, receive_options, exit_code>;

/// Reads the command line. Says what is wrong on standard error.
///
/// Wipes the code out of the arguments and the environment.
[[nodiscard]] command parse_command_line(int argc, char** argv);

/// Reads a code as a person typed it: the first line, without what surrounds it.
///
/// @errors  those of code_phrase::parse
[[nodiscard]] result<crypto::code_phrase> parse_code(std::string_view text);

}  // namespace tallow::cli
