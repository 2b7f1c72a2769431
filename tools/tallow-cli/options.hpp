// What the command line and the environment ask for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/resume_keys.hpp>
#include <tallow/files/conflicts.hpp>

#include "exit_code.hpp"
#include "proxy_settings.hpp"
#include "settings.hpp"

namespace tallow::crypto {
class identity;
}

namespace tallow::cli {

/// What to do where there is no relay and no other way.
inline constexpr const char* name_a_relay =
    "Name one with --relay HOST:PORT, in TALLOW_RELAY or in the configuration file; tallow-relay "
    "runs one.";

/// The failure where none is named, and nobody is near.
inline constexpr const char* no_local_network =
    "no relay is given, and there is no local network to go without one";

/// What stands in place of a relay's address in a list of transfers.
inline constexpr const char* local_network = "the local network";

/// How two sides meet without a relay of others, where none is named.
struct local_way {
  std::uint16_t port = 0;              ///< of the sender's own relay; 0: it is not known yet
  std::vector<std::string> addresses;  ///< HOST:PORT of that, for the other side
};

/// Settings of the commands that run a transfer, and what they go on with.
struct common_options : settings {
  proxy_settings proxies;                   ///< between us and the relay
  std::optional<crypto::code_phrase> code;  ///< given by option, environment or argument
  std::optional<crypto::resume_keys> keys;  ///< of a session that goes on, in place of a code
  std::optional<local_way> local;           ///< in place of a relay
};

struct send_options : common_options {
  std::shared_ptr<const crypto::identity> signer;  ///< who is named to the receiver, if anybody
  std::vector<std::filesystem::path> paths;
  bool stream = false;  ///< standard input, behind the paths
};

struct receive_options : common_options {};

/// What --on-conflict says. Nothing: somebody is asked, which happens only where somebody is there
/// and has not said yes to everything.
[[nodiscard]] std::optional<files::on_conflict> on_conflict_of(const receive_options& options);

struct resume_options : settings {
  bool wants_receiver = false;  ///< not a session in which this side sends
};

struct bench_options : settings {};

struct history_options : settings {};

struct identity_options : settings {};

/// Settings of the commands that look at relays.
struct look_options : settings {
  proxy_settings proxies;
  std::optional<std::string> wrong_settings;  ///< what is wrong with file or environment
};

struct relays_options : look_options {};

struct doctor_options : look_options {};

/// What to run, or the exit status where the command line settles everything (--help, a mistake).
using command =
    std::variant<send_options, receive_options, resume_options, bench_options, history_options,
                 identity_options, relays_options, doctor_options, exit_code>;

/// Reads the command line. Says what is wrong on standard error.
///
/// Wipes the code out of the arguments and the environment.
[[nodiscard]] command parse_command_line(int argc, char** argv);

}  // namespace tallow::cli
