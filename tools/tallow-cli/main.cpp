// tallow-cli: sends files to another machine through a relay that learns nothing.
#include <csignal>
#include <cstdio>
#include <exception>
#include <utility>
#include <variant>

#include "bench.hpp"
#include "doctor.hpp"
#include "hardening.hpp"
#include "history_command.hpp"
#include "identity_command.hpp"
#include "options.hpp"
#include "receive.hpp"
#include "resume.hpp"
#include "send.hpp"

namespace {

int run(int argc, char** argv) {
  using namespace tallow::cli;
  forbid_dumps();
  // Who stops reading what is said does not end a transfer; what has to be written tells by EPIPE.
  (void)std::signal(SIGPIPE, SIG_IGN);
  command what = parse_command_line(argc, argv);
  if (auto* settled = std::get_if<exit_code>(&what)) return static_cast<int>(*settled);
  if (auto* options = std::get_if<bench_options>(&what)) return static_cast<int>(bench(*options));
  if (auto* options = std::get_if<identity_options>(&what)) {
    return static_cast<int>(show_identity(*options));
  }
  if (auto* options = std::get_if<history_options>(&what)) {
    return static_cast<int>(show_history(*options));
  }
  if (auto* options = std::get_if<relays_options>(&what)) {
    return static_cast<int>(show_relays(*options));
  }
  if (auto* options = std::get_if<doctor_options>(&what)) {
    return static_cast<int>(doctor(*options));
  }
  if (auto* options = std::get_if<send_options>(&what))
    return static_cast<int>(send(std::move(*options)));
  if (auto* options = std::get_if<resume_options>(&what)) return static_cast<int>(resume(*options));
  return static_cast<int>(receive(std::get<receive_options>(std::move(what))));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    // What no layer expects: out of memory, no descriptors left. Staged files are gone by now.
    std::fprintf(stderr, "tallow-cli: %s\n", e.what());
    return 1;
  }
}
