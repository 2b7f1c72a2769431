// What flags, variables and the configuration file may set: a member for each row of the table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tallow/crypto/code_phrase.hpp>

namespace tallow::cli {

/// The values of all options of all commands; each is what holds where nobody says anything.
struct settings {
  // What is sent.
  std::vector<std::string> arguments;  ///< as they stand on the command line
  std::string stream_name = "stdin";   ///< what the stream is called
  bool text = false;                   ///< standard input is a text to be shown
  std::vector<std::string> excluded;   ///< patterns of what is left out
  bool obeys_git = false;              ///< leaves out what git would
  bool follows_links = false;          ///< sends what links stand for
  bool is_dry_run = false;             ///< says what would be sent, and sends nothing
  bool shows_qr = false;
  bool copies_code = false;  ///< into the clipboard
  /// More lanes pay only where one core cannot fill the network.
  std::uint32_t lanes = 2;
  std::string compress = "auto";  ///< what compression_choice_of() understands
  std::uint64_t throttle = 0;     ///< bytes a second; 0: no limit
  std::uint32_t receivers = 1;    ///< who get it, with one code
  std::uint32_t code_words = crypto::code_words_default;  ///< of a code that is made

  // Where it comes to.
  std::filesystem::path out = ".";  ///< a folder; `-`: standard output
  bool to_stdout = false;           ///< the same as `-`
  bool resumes = false;             ///< what was interrupted, in place of what a code stands for
  std::string on_conflict;          ///< a word of conflict_words, or empty
  std::vector<std::string> only;    ///< patterns of what is wanted; none: all of it
  std::string code_argument;

  // How both sides find each other.
  std::string relay;              ///< HOST:PORT, perhaps #KEY behind it
  std::string proxy;              ///< as proxy_settings::read() takes it; may hold a password
  std::string direct = "auto";    ///< a word of direct_words
  bool direct_is_public = false;  ///< direct connections to public addresses, too
  std::string code_file;
  /// How long a lost connection is tried again: a router that restarts, a walk between two
  /// networks.
  std::uint32_t outage_seconds = 600;
  bool insecure_plaintext = false;  ///< no TLS to the relay
  bool verifies = false;            ///< two people compare the words before anything else

  // Who one is, and who the other is to be.
  bool signs = false;           ///< says to the receiver who sends
  std::string from;             ///< fingerprint of the only one from whom it is taken
  std::string identity_action;  ///< a word of identity_words, or empty

  // resume
  std::string session;  ///< which one; empty: the only one
  bool lists = false;
  bool forgets = false;

  // bench
  std::uint64_t bench_bytes = std::uint64_t{1} << 30U;

  // config, completions
  bool shows_example = false;
  bool shows_path = false;
  std::string shell;

  // history
  std::uint64_t history_count = 20;
  bool clears_history = false;
  bool keeps_no_history = false;

  // What is said.
  bool yes = false;  ///< answers every question with yes
  bool json = false;
  bool quiet = false;    ///< nothing but the code, questions and errors
  std::string log_file;  ///< what happens is appended to it
  bool digest = false;   ///< says what sha256sum would
};

}  // namespace tallow::cli
