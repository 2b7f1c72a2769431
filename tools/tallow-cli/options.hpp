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
#include <tallow/crypto/resume_keys.hpp>
#include <tallow/files/conflicts.hpp>
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
  std::string relay;                        ///< HOST:PORT, perhaps #KEY behind it
  bool insecure_plaintext = false;          ///< no TLS to the relay
  std::optional<crypto::code_phrase> code;  ///< given by option, environment or argument
  std::optional<crypto::resume_keys> keys;  ///< of a session that goes on, in place of a code
  std::uint32_t outage_seconds = outage_seconds_default;
  bool yes = false;  ///< answers every question with yes
  bool json = false;
  bool digest = false;  ///< says what sha256sum would
};

struct send_options : common_options {
  std::uint32_t lanes = lanes_default;
  std::string compress = "auto";  ///< what compression_choice_of() understands
  std::vector<std::filesystem::path> paths;
  bool stream = false;                ///< standard input, behind the paths
  bool text = false;                  ///< standard input is a text to be shown
  std::string stream_name = "stdin";  ///< what the stream is called
};

struct receive_options : common_options {
  std::filesystem::path out = ".";  ///< a folder; `-`: standard output
  std::string on_conflict;          ///< as on the command line, or empty
};

/// What --on-conflict says. Nothing: somebody is asked, which happens only where somebody is there
/// and has not said yes to everything.
[[nodiscard]] std::optional<files::on_conflict> on_conflict_of(const receive_options& options);

struct resume_options {
  std::string id;     ///< which session; empty: the only one
  std::string relay;  ///< another relay than before, or empty
  bool insecure_plaintext = false;
  std::uint32_t outage_seconds = outage_seconds_default;
  bool list = false;
  bool forget = false;
  bool yes = false;
  bool json = false;
  bool digest = false;
};

struct bench_options {
  std::uint64_t bytes = 0;
  std::uint32_t lanes = lanes_default;
  bool json = false;
};

/// What to run, or the exit status where the command line settles everything (--help, a mistake).
using command =
    std::variant<send_options, receive_options, resume_options, bench_options, exit_code>;

/// Reads the command line. Says what is wrong on standard error.
///
/// Wipes the code out of the arguments and the environment.
[[nodiscard]] command parse_command_line(int argc, char** argv);

/// Reads a code as a person typed it: the first line, without what surrounds it.
///
/// @errors  those of code_phrase::parse
[[nodiscard]] result<crypto::code_phrase> parse_code(std::string_view text);

}  // namespace tallow::cli
