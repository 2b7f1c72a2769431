// tallow-fuzz: feeds damaged frames and messages to the codec, without clang, and speaks to relays
// as nobody should.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/shared/value_kinds.hpp"
#include "tools/tallow-fuzz/child.hpp"
#include "tools/tallow-fuzz/codec_run.hpp"
#include "tools/tallow-fuzz/peer_run.hpp"
#include "tools/tallow-fuzz/relay_run.hpp"
#include "tools/tallow-fuzz/tcp_end.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

constexpr int exit_nothing_found = 0;
constexpr int exit_found = 1;
constexpr int exit_usage = 2;

struct codec_options {
  std::uint64_t seed = 1;
  std::uint64_t runs = 100'000;
  std::string corpus;
  std::string out = ".";
  std::vector<std::string> targets;
};

struct relay_options {
  std::string relay;
  std::string pages;
  std::uint64_t patience_s = 10;
  std::uint64_t settling_s = 90;
  bool is_forced = false;
  bool is_plain = false;
  fuzz::relay_choice choice;
};

struct peer_options {
  std::string attack;
  std::uint64_t wait_s = 60;
  relay_options with;
};

// CLI11 itself takes what is too large for the nearest, and negative ones for large ones.
const CLI::Validator a_number(
    [](const std::string& text) {
      std::uint64_t ignored = 0;
      return tools::number_kind<0, INT64_MAX>::parse(ignored, text).value_or("");
    },
    "NUMBER");

// As one word of a shell.
std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::vector<fuzz::target> chosen_targets(bool planted, const std::vector<std::string>& names) {
  std::vector<fuzz::target> chosen;
  for (const fuzz::target& t : fuzz::codec_targets(planted)) {
    const bool named = std::find(names.begin(), names.end(), t.name) != names.end();
    if (names.empty() || named) chosen.push_back(t);
  }
  return chosen;
}

// The input once more, as hexadecimal and as a file.
void report(const std::string& what, const fuzz::codec_run& runs, std::uint64_t run,
            const std::filesystem::path& folder, bool planted) {
  const byte_buffer input = runs.input_of(run);
  const std::string target(runs.target_of(run).name);
  const std::filesystem::path path =
      folder / (target + "-seed" + std::to_string(runs.seed()) + "-run" + std::to_string(run));
  std::printf("violated: %s\ntarget:   %s\nseed:     %llu\nrun:      %llu\ninput:    %s\n",
              what.c_str(), target.c_str(), static_cast<unsigned long long>(runs.seed()),
              static_cast<unsigned long long>(run), to_hex(input).c_str());
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  std::ofstream file(path, std::ios::binary);
  file.write(as_text(input).data(), static_cast<std::streamsize>(input.size()));
  file.flush();
  if (!file) {
    std::fprintf(stderr, "tallow-fuzz: cannot write %s\n", path.c_str());
    return;
  }
  std::printf("written:  %s\nagain:    tallow-fuzz replay %s--target %s %s\n", path.c_str(),
              planted ? "--plant-bug " : "", target.c_str(), quoted(path.native()).c_str());
}

int run_codec(const codec_options& options, bool planted) {
  fuzz::codec_run runs(options.seed, chosen_targets(planted, options.targets));
  if (!options.corpus.empty() && runs.add_corpus(options.corpus) == 0) {
    std::fprintf(stderr, "tallow-fuzz: no input in %s\n", options.corpus.c_str());
    return exit_usage;
  }
  const auto [what, run] = fuzz::run_in_child([&](fuzz::progress& progress) {
    for (std::uint64_t i = 0; i < options.runs; ++i) {
      progress.begin(i);
      if (const auto found = violation_of(runs.target_of(i), runs.input_of(i))) {
        return progress.found(*found);
      }
    }
  });
  if (!what.empty()) {
    report(what, runs, run, options.out, planted);
    return exit_found;
  }
  std::printf("nothing found: %llu runs, seed %llu\n",
              static_cast<unsigned long long>(options.runs),
              static_cast<unsigned long long>(options.seed));
  return exit_nothing_found;
}

int replay(const std::vector<std::string>& files, const std::vector<std::string>& names,
           bool planted) {
  int code = exit_nothing_found;
  for (const std::string& file : files) {
    const auto input = fuzz::read_input(file);
    if (!input) {
      std::fprintf(stderr, "tallow-fuzz: cannot read %s\n", file.c_str());
      return exit_usage;
    }
    for (const fuzz::target& t : chosen_targets(planted, names)) {
      const auto [what, run] = fuzz::run_in_child([&](fuzz::progress& progress) {
        if (const auto found = violation_of(t, *input)) progress.found(*found);
      });
      if (!what.empty()) code = exit_found;
      std::printf("%s: %.*s: %s\n", file.c_str(), static_cast<int>(t.name.size()), t.name.data(),
                  what.empty() ? "holds" : ("violated: " + what).c_str());
    }
  }
  return code;
}

// Where HOST:PORT is. Says why when it cannot be used.
std::optional<fuzz::place_to_go> place_at(const std::string& text, bool is_forced) {
  const auto where = net::parse_address(text);
  if (!where) {
    std::fprintf(stderr, "tallow-fuzz: %s: %s\n", text.c_str(), where.error().note);
    return std::nullopt;
  }
  const auto place = fuzz::find_place(*where);
  if (!place) {
    std::fprintf(stderr, "tallow-fuzz: %s: no such host\n", text.c_str());
    return std::nullopt;
  }
  if (place->is_loopback() || is_forced) return *place;
  std::fprintf(stderr,
               "tallow-fuzz: %s is not on this machine. To attack a relay of yours elsewhere, add "
               "--force.\n",
               text.c_str());
  return std::nullopt;
}

void show(const fuzz::relay_figures& before, const fuzz::relay_figures& after) {
  constexpr double mib = 1024 * 1024;
  std::printf(
      "relay:    connections %.0f -> %.0f, rooms %.0f -> %.0f, lanes %.0f -> %.0f, descriptors "
      "%.0f -> %.0f, MiB %.1f -> %.1f\n",
      before.connections, after.connections, before.rooms, after.rooms, before.lane_ends,
      after.lane_ends, before.descriptors, after.descriptors, before.resident_bytes / mib,
      after.resident_bytes / mib);
}

// What is common to everything that goes through a relay. False after a complaint.
bool find_relay(relay_options& options) {
  const auto relay = place_at(options.relay, options.is_forced);
  if (!relay) return false;
  options.choice.relay = *relay;
  if (options.is_plain) options.choice.how = fuzz::wrapping::plain;
  options.choice.patience = std::chrono::seconds(options.patience_s);
  if (fuzz::tcp_end::connect(*relay)) return true;
  std::fprintf(stderr, "tallow-fuzz: nobody listens at %s\n", options.relay.c_str());
  return false;
}

int run_relay(relay_options options) {
  if (!find_relay(options)) return exit_usage;
  options.choice.settling = std::chrono::seconds(options.settling_s);
  if (!options.pages.empty()) {
    options.choice.pages = place_at(options.pages, options.is_forced);
    if (!options.choice.pages) return exit_usage;
  }
  const auto outcome = fuzz::run_against_relay(options.choice);
  if (!outcome.hindrance.empty()) {
    std::fprintf(stderr, "tallow-fuzz: %s\n", outcome.hindrance.c_str());
    return exit_usage;
  }
  const auto seed = static_cast<unsigned long long>(options.choice.seed);
  if (outcome.before && outcome.after) show(*outcome.before, *outcome.after);
  if (outcome.what.empty()) {
    std::printf("nothing found: %llu runs, seed %llu, %zu connections\n",
                static_cast<unsigned long long>(options.choice.runs), seed, outcome.connections);
    return exit_nothing_found;
  }
  std::printf("violated: %s\nseed:     %llu\nruns:     %llu to %llu, since all was well\n",
              outcome.what.c_str(), seed, static_cast<unsigned long long>(outcome.since),
              static_cast<unsigned long long>(outcome.last));
  const std::string same = std::string(options.is_plain ? " --plain" : "") +
                           (options.is_forced ? " --force" : "") +
                           (options.pages.empty() ? "" : " --http " + options.pages);
  std::printf("again:    tallow-fuzz relay %s%s --seed %llu --first %llu --runs %llu\n",
              options.relay.c_str(), same.c_str(), seed,
              static_cast<unsigned long long>(outcome.since),
              static_cast<unsigned long long>(outcome.last) - outcome.since + 1);
  return exit_found;
}

int run_peer(peer_options options) {
  if (options.attack == "list") {
    std::printf("%s", fuzz::list_of_attacks().c_str());
    return exit_nothing_found;
  }
  if (!fuzz::is_attack(options.attack)) {
    std::fprintf(stderr, "tallow-fuzz: there is no attack %s; '--attack list' shows all\n",
                 options.attack.c_str());
    return exit_usage;
  }
  const char* const text = std::getenv("TALLOW_CODE");
  auto code = crypto::code_phrase::parse(text == nullptr ? "" : text);
  if (!code || options.with.relay.empty()) {
    std::fprintf(stderr,
                 "tallow-fuzz: the code of the transfer is wanted in TALLOW_CODE, and HOST:PORT of "
                 "its relay\n");
    return exit_usage;
  }
  if (!find_relay(options.with)) return exit_usage;
  const auto outcome = fuzz::attack_peer(options.with.choice, options.attack, std::move(*code),
                                         std::chrono::seconds(options.wait_s));
  if (!outcome.has_met) {
    std::fprintf(stderr, "tallow-fuzz: %s\n",
                 outcome.has_connected ? "nobody with this code came"
                                       : "the relay takes no such connection (--plain?)");
    return exit_usage;
  }
  std::printf("%s: %s%s\n", options.attack.c_str(),
              outcome.trouble ? ("violated: " + *outcome.trouble + "; ").c_str() : "",
              outcome.how_it_ended.c_str());
  return outcome.trouble ? exit_found : exit_nothing_found;
}

struct command_line {
  codec_options codec;
  std::vector<std::string> files;
  bool is_planted = false;
  relay_options relay;
  peer_options peer;
};

void add_number(CLI::App* command, const char* name, std::uint64_t& to, const char* help) {
  command->add_option(name, to, help)->check(a_number)->capture_default_str();
}

// Codec and replay.
void add_feeding(CLI::App& app, command_line& to) {
  CLI::App* codec = app.add_subcommand("codec", "Make inputs from a seed and feed them");
  add_number(codec, "--seed", to.codec.seed, "The same seed gives the same inputs");
  add_number(codec, "--runs", to.codec.runs, "How many inputs");
  codec->add_option("--corpus", to.codec.corpus, "Folder of inputs to start from")
      ->check(CLI::ExistingDirectory);
  codec->add_option("--out", to.codec.out, "Folder for the input that broke something")
      ->capture_default_str();
  CLI::App* again = app.add_subcommand("replay", "Feed files, as found here or by libFuzzer");
  again->add_option("FILE", to.files, "Inputs")->required();
  for (CLI::App* command : {codec, again}) {
    command->add_option("--target", to.codec.targets, "Only this body; may be repeated")
        ->check(CLI::IsMember({"frame_decoder", "message_codec", "chunk_codec"}))
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    // For our own tests: code that is wrong on purpose. An empty group hides it from --help.
    command->add_flag("--plant-bug", to.is_planted)->group("");
  }
}

// What both need that speak to a relay.
void add_way(CLI::App* command, relay_options& to) {
  command->add_option("--patience", to.patience_s, "Seconds to wait for what must come")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_flag("--plain", to.is_plain, "The relay takes control connections without TLS");
  command->add_flag("--force", to.is_forced, "The relay is on another machine, and is yours");
}

void add_relay(CLI::App& app, relay_options& to) {
  CLI::App* relay = app.add_subcommand(
      "relay",
      "Connect to a relay and break its rules, while others use it and have to notice nothing");
  relay->add_option("HOST:PORT", to.relay, "A relay that nobody else uses meanwhile")->required();
  add_number(relay, "--seed", to.choice.seed, "The same seed says the same");
  add_number(relay, "--first", to.choice.first, "Number of the first run");
  add_number(relay, "--runs", to.choice.runs, "How often a few clients come");
  relay->add_option(
      "--http", to.pages,
      "HOST:PORT of its operators' pages: what it keeps of who is gone is found there");
  relay
      ->add_option("--settle", to.settling_s,
                   "With --http: seconds after which it has to have forgotten who is gone")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  add_way(relay, to);
}

void add_peer(CLI::App& app, peer_options& to) {
  CLI::App* peer = app.add_subcommand(
      "peer", "Be a hostile sender or receiver for a program that waits with the code TALLOW_CODE");
  peer->add_option("HOST:PORT", to.with.relay, "The relay where it waits");
  peer->add_option("--attack", to.attack, "What to try; 'list' shows all")->required();
  peer->add_option("--wait", to.wait_s, "Seconds that it may take to come")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  add_way(peer, to.with);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Feeds damaged frames and messages to Tallow's codec, and speaks to relays as nobody "
      "should.\n"
      "Exit codes: 0 nothing found, 1 found, 2 wrong use, nobody there, or a relay that is full."};
  app.set_version_flag("--version", TALLOW_VERSION);
  app.require_subcommand(1);
  command_line asked;
  add_feeding(app, asked);
  add_relay(app, asked.relay);
  add_peer(app, asked.peer);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_nothing_found : exit_usage;
  }
  if (app.got_subcommand("peer")) return run_peer(std::move(asked.peer));
  if (app.got_subcommand("relay")) return run_relay(std::move(asked.relay));
  return app.got_subcommand("codec") ? run_codec(asked.codec, asked.is_planted)
                                     : replay(asked.files, asked.codec.targets, asked.is_planted);
}
