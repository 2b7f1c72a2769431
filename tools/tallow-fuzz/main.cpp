// tallow-fuzz: feeds damaged frames and messages to the codec, without clang.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/tallow-fuzz/child.hpp"
#include "tools/tallow-fuzz/codec_run.hpp"

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
  std::printf("written:  %s\nagain:    tallow-fuzz replay %s--target %s '%s'\n", path.c_str(),
              planted ? "--plant-bug " : "", target.c_str(), path.c_str());
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

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Feeds damaged frames and messages to Tallow's codec.\n"
      "Exit codes: 0 nothing found, 1 found, 2 wrong use."};
  app.set_version_flag("--version", TALLOW_VERSION);
  app.require_subcommand(1);
  bool planted = false;
  codec_options options;
  std::vector<std::string> files;

  const auto add_common = [&](CLI::App* command) {
    command->add_option("--target", options.targets, "Only this body; may be repeated")
        ->check(CLI::IsMember({"frame_decoder", "message_codec", "chunk_codec"}))
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    // For our own tests: code that is wrong on purpose. An empty group hides it from --help.
    command->add_flag("--plant-bug", planted)->group("");
  };
  CLI::App* codec = app.add_subcommand("codec", "Make inputs from a seed and feed them");
  codec->add_option("--seed", options.seed, "The same seed gives the same inputs")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  codec->add_option("--runs", options.runs, "How many inputs")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  codec->add_option("--corpus", options.corpus, "Folder of inputs to start from")
      ->check(CLI::ExistingDirectory);
  codec->add_option("--out", options.out, "Folder for the input that broke something")
      ->capture_default_str();
  add_common(codec);
  CLI::App* again = app.add_subcommand("replay", "Feed files, as found here or by libFuzzer");
  again->add_option("FILE", files, "Inputs")->required();
  add_common(again);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_nothing_found : exit_usage;
  }
  return codec->parsed() ? run_codec(options, planted) : replay(files, options.targets, planted);
}
