#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/errc.hpp>
#include <tallow/transfer/chunk_codec.hpp>

#include "fuzz/seeded_random.hpp"
#include "support/paths.hpp"
#include "tools/tallow-fuzz/child.hpp"
#include "tools/tallow-fuzz/codec_run.hpp"
#include "tools/tallow-fuzz/mutator.hpp"
#include "tools/tallow-fuzz/packed_frames.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)
using fuzz::codec_run;
using fuzz::codec_targets;

constexpr std::uint64_t seed = 1;
constexpr std::uint64_t runs_max = 2000;

const std::filesystem::path corpus = test::source_path("fuzz/corpus");

/// The first run of `target` that finds something.
std::optional<std::uint64_t> first_found(const codec_run& runs, const std::string& target) {
  for (std::uint64_t run = 0; run < runs_max; ++run) {
    const fuzz::target& t = runs.target_of(run);
    if (t.name == target && violation_of(t, runs.input_of(run))) return run;
  }
  return std::nullopt;
}

TEST(CodecRun, FindsEachPlantedBugAndItsInputFindsItAgain) {
  const codec_run planted(seed, codec_targets(true));
  for (const char* const target : {"frame_decoder", "message_codec", "chunk_codec"}) {
    const auto run = first_found(planted, target);
    ASSERT_TRUE(run) << target << ": nothing in " << runs_max << " runs";
    const byte_buffer input = planted.input_of(*run);
    EXPECT_TRUE(violation_of(planted.target_of(*run), input)) << target;
    // The library's own code stands up to the same input.
    const codec_run sound(seed, codec_targets(false));
    EXPECT_EQ(violation_of(sound.target_of(*run), input), std::nullopt) << target;
  }
}

TEST(CodecRun, FindsNothingInTheLibrary) {
  const codec_run runs(seed, codec_targets(false));
  for (std::uint64_t run = 0; run < runs_max; ++run) {
    EXPECT_EQ(violation_of(runs.target_of(run), runs.input_of(run)), std::nullopt) << run;
  }
}

TEST(CodecRun, MakesTheSameInputsFromTheSameSeed) {
  codec_run a(7, codec_targets(false));
  codec_run b(7, codec_targets(false));
  const codec_run other(8, codec_targets(false));
  a.add_corpus(corpus);
  b.add_corpus(corpus);
  std::set<byte_buffer> inputs;
  std::size_t differ = 0;
  for (std::uint64_t run = 0; run < 500; ++run) {
    EXPECT_EQ(a.input_of(run), b.input_of(run)) << run;
    if (a.input_of(run) != other.input_of(run)) ++differ;
    inputs.insert(a.input_of(run));
  }
  EXPECT_GT(differ, 450U);
  EXPECT_GT(inputs.size(), 400U);
}

// A value that is fixed here, so that a seed that somebody wrote down still means the same input.
TEST(CodecRun, MakesTheInputsOfASeedOnEveryMachine) {
  fuzz::seeded_random random(1);
  EXPECT_EQ(random.next(), 0x910a2dec89025cc1U);
  EXPECT_EQ(random.next(), 0xbeeb8da1658eec67U);
  EXPECT_EQ(fuzz::seed_of(as_bytes("a")), 0xaf63dc4c8601ec8cU);
}

TEST(CodecRun, TakesACorpusOfOneFolderAndOfFoldersByTarget) {
  codec_run runs(seed, codec_targets(false));
  EXPECT_GT(runs.add_corpus(corpus), 100U);
  EXPECT_GT(runs.add_corpus(corpus / "frame_decoder"), 60U);  // the same for all targets
  EXPECT_EQ(runs.add_corpus(corpus / "missing"), 0U);
}

TEST(CodecRun, PassesInputsThatAreNotDamaged) {
  // Otherwise the mutations would hide what the generators get wrong.
  fuzz::seeded_random random(3);
  for (int i = 0; i < 500; ++i) {
    for (const fuzz::target& t : codec_targets(false)) {
      EXPECT_EQ(violation_of(t, t.make(random)), std::nullopt) << t.name;
    }
  }
}

TEST(Mutator, NeverGrowsAnInputBeyondItsBound) {
  fuzz::seeded_random random(1);
  byte_buffer bytes(fuzz::mutated_bytes_max - 3);
  for (int i = 0; i < 1000 && !bytes.empty(); ++i) {
    if (bytes.size() < 60'000) bytes.resize(fuzz::mutated_bytes_max - 3);
    mutate_once(bytes, random);
    EXPECT_LE(bytes.size(), fuzz::mutated_bytes_max);
  }
}

TEST(RunInChild, TellsWhatWasFoundAndAtWhichRun) {
  const auto [what, run] = fuzz::run_in_child([](fuzz::progress& progress) {
    progress.begin(17);
    progress.found("something");
  });
  EXPECT_EQ(what, "something");
  EXPECT_EQ(run, 17U);
}

TEST(RunInChild, SaysNothingWhenNothingWasFound) {
  const auto [what, run] = fuzz::run_in_child([](fuzz::progress& progress) { progress.begin(5); });
  EXPECT_EQ(what, "");
  EXPECT_EQ(run, 5U);
}

TEST(RunInChild, SurvivesACrash) {
  const auto [what, run] = fuzz::run_in_child([](fuzz::progress& progress) {
    progress.begin(23);
    std::abort();
  });
  EXPECT_EQ(what.find("ended by a signal"), 0U) << what;
  EXPECT_EQ(run, 23U);
  const auto [left, at] = fuzz::run_in_child([](fuzz::progress& progress) {
    progress.begin(24);
    std::_Exit(3);
  });
  EXPECT_EQ(left, "ended with exit code 3");
  EXPECT_EQ(at, 24U);
}

TEST(PackedFrames, AreWrongInWhatTheirNamesSayAlone) {
  namespace z = fuzz::packed_frames;
  constexpr std::size_t chunk_bytes = 4096;
  const auto outcome_of = [](const byte_buffer& frame) {
    transfer::chunk_decompressor decompressor;
    byte_buffer out(chunk_bytes);
    const auto done = decompressor.decompress(frame, out);
    return done ? std::pair(errc{}, std::string())
                : std::pair(done.error().code, std::string(done.error().note));
  };
  const auto refused = [](errc code, const char* note) {
    return std::pair(code, std::string(note));
  };
  EXPECT_EQ(outcome_of(z::honest(chunk_bytes)), refused(errc{}, ""));
  for (const auto make : {z::huge, z::less}) {
    EXPECT_EQ(outcome_of(make(chunk_bytes)), refused(errc::chunk_length_wrong, ""));
  }
  for (const auto make : {z::bomb, z::half}) {
    EXPECT_EQ(outcome_of(make(chunk_bytes)), refused(errc::chunk_malformed, "its blocks"));
  }
  for (const auto make : {z::dictionary, z::checksum, z::reserved_bit, z::empty}) {
    EXPECT_EQ(outcome_of(make(chunk_bytes)), refused(errc::chunk_malformed, "its frame header"));
  }
  for (const auto make : {z::cut, z::twice, z::skippable, z::reserved_block}) {
    EXPECT_EQ(outcome_of(make(chunk_bytes)), refused(errc::chunk_malformed, "it is not one frame"));
  }
  EXPECT_EQ(outcome_of(z::wide_window(chunk_bytes)), refused(errc::chunk_malformed, "its window"));
  EXPECT_EQ(outcome_of(z::longer(chunk_bytes)),
            refused(errc::chunk_malformed, "it did not shrink"));
}

}  // namespace
