// A peer that chooses names to get out of the target, and a neighbour on the same machine that
// exchanges folders for links while files come in or go out.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <limits>
#include <span>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/source_tree.hpp>
#include <tallow/files/staging.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "unit/files/scratch.hpp"

namespace {

using namespace std::string_literals;
using tallow::cond;
using tallow::condition_of;
using tallow::entry_index;
using tallow::errc;
using tallow::transfer_id;
using tallow::files::conflict_rules;
using tallow::files::link_policy;
using tallow::files::on_conflict;
using tallow::files::resolver;
using tallow::files::source_tree;
using tallow::files::staging;
using tallow::files::staging_options;
using tallow::transfer::entry;
using tallow::transfer::entry_kind;
using namespace tallow::test;

using name_list = std::vector<std::string>;

constexpr transfer_id id_of_test{std::byte{0x5A}};
constexpr const char* part_name = ".tallow-5a000000000000000000000000000000.part";
constexpr const char* part = "out/.tallow-5a000000000000000000000000000000.part";

errc code_of(const tallow::result<void>& r) { return r ? errc{} : r.error().code; }

// A target beside things that must stay as they are.
class PathEscape : public testing::TestWithParam<resolver> {
 protected:
  void SetUp() override {
    if (GetParam() == resolver::kernel && tallow::files::best_resolver() != resolver::kernel) {
      GTEST_SKIP() << "no openat2 here";
    }
    top.folder("out");
    top.folder("outside/d");
    top.folder("out-sibling");
    top.file("outside/f", "precious");
    top.file("outside/d/f", "precious");
    for (const char* path : {"outside/f", "outside/d/f"}) {
      fs::permissions(top / path, fs::perms(0600));
      set_mtime(top / path, 1);
    }
    outside = snapshot(top / "outside");
  }

  void TearDown() override {
    if (IsSkipped()) return;
    EXPECT_EQ(snapshot(top / "outside"), outside);
    EXPECT_TRUE(names_in(top / "out-sibling").empty());
    EXPECT_EQ(names_in(top.path()), (name_list{"out", "out-sibling", "outside"}));
  }

  [[nodiscard]] staging open(link_policy links = link_policy::inside,
                             on_conflict taken = on_conflict::rename) const {
    staging_options options;
    options.how = GetParam();
    options.links = links;
    options.conflicts = conflict_rules(taken);
    return staging::open(top / "out", id_of_test, options).value();
  }
  [[nodiscard]] tallow::result<staging> reopen() const {
    staging_options options;
    options.how = GetParam();
    return staging::reopen(top / "out", part_name, options);
  }

  // Where an entry lies before it is committed.
  [[nodiscard]] fs::path staged(std::string_view path) const { return top / part / "files" / path; }

  // Puts a link to `to` in the place of a staged entry.
  void exchange_for_link(std::string_view path, std::string_view to) const {
    fs::rename(staged(path), top / part / "aside");
    fs::create_symlink(top / to, staged(path));
  }

  scratch top;
  std::map<std::string, std::string> outside;
};

INSTANTIATE_TEST_SUITE_P(BothWays, PathEscape,
                         testing::Values(resolver::kernel, resolver::components),
                         [](const auto& param) {
                           return param.param == resolver::kernel ? "Kernel" : "Components";
                         });

// ---- what a peer can say ----

TEST_P(PathEscape, NoSpellingLeadsOut) {
  const name_list spellings{""s,
                            "/"s,
                            "//"s,
                            "."s,
                            ".."s,
                            "../f"s,
                            "../outside/f"s,
                            "../out-sibling/f"s,
                            "../out/../outside/f"s,
                            "d/../../outside/f"s,
                            "d/.."s,
                            "d/."s,
                            "./f"s,
                            "d/./f"s,
                            "d//f"s,
                            "d/"s,
                            "/f"s,
                            (top / "outside/f").native(),
                            (top / "out-sibling/f").native(),
                            "/proc/self/cwd/f"s,
                            "..\0/f"s,
                            "f\0.txt"s,
                            "..\xc0\xaf"
                            "outside/f"s,
                            "\xff/f"s,
                            "d/../../../../../../../../../../tmp/f"s,
                            std::string(256, 'x'),
                            "d/" + std::string(300, 'x')};
  staging into = open();
  std::uint64_t index = 0;
  for (const std::string& path : spellings) {
    for (const entry& e : {file_entry(path), folder_entry(path), link_entry(path, "x")}) {
      const auto added = into.add_entry(entry_index{index++}, e);
      ASSERT_FALSE(added) << tallow::transfer::escape_for_display(path);
      EXPECT_EQ(condition_of(added.error().code), cond::peer);
    }
  }
  // Each of them was refused for itself: the rest of the transfer goes on.
  ASSERT_TRUE(into.add_entry(entry_index{index}, file_entry("good")));
  ASSERT_TRUE(into.finish_entry(entry_index{index}));
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(names_in(top / "out"), name_list{"good"});
}

TEST_P(PathEscape, WhatLeadsOutElsewhereIsAPlainNameHere) {
  const name_list names{"%2e%2e%2ff", "-rf",        "..\\..\\f",
                        "...",        "..f",        "C:\\f",
                        "C:f",        "CON",        "\\\\host\\share\\f",
                        "a:stream",   "nai\u0308f", "na\u00EFf",
                        "name ",      "name.",      "~",
                        "~root",      "$HOME",      "`id`",
                        "file:"};
  staging into = open();
  for (std::size_t i = 0; i < names.size(); ++i) {
    ASSERT_TRUE(into.add_entry(entry_index{i}, file_entry(names[i]))) << names[i];
    ASSERT_TRUE(into.finish_entry(entry_index{i}));
  }
  ASSERT_TRUE(into.commit());
  name_list sorted = names;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(names_in(top / "out"), sorted);
}

TEST_P(PathEscape, NoLinkLeadsOut) {
  staging into = open();
  auto add = [&, index = std::uint64_t{0}](std::string path, std::string target) mutable {
    const entry link = link_entry(std::move(path), std::move(target));
    return code_of(into.add_entry(entry_index{index++}, link));
  };
  EXPECT_EQ(add("l1", "/etc/passwd"), errc::path_escapes);
  EXPECT_EQ(add("l2", (top / "outside").native()), errc::path_escapes);
  EXPECT_EQ(add("l3", ".."), errc::path_escapes);
  EXPECT_EQ(add("l4", "../outside"), errc::path_escapes);
  EXPECT_EQ(add("d/l5", "../../outside"), errc::path_escapes);
  EXPECT_EQ(add("d/l6", "x/../../../outside"), errc::path_escapes);
  // Two that are harmless by their looks: up to the top, and from there one further.
  EXPECT_EQ(add("d/up", ".."), errc{});
  EXPECT_EQ(add("d/l7", "up/../outside"), errc::path_escapes);
}

TEST_P(PathEscape, NoPathLeadsThroughALinkOfThePeer) {
  staging into = open(link_policy::all);
  ASSERT_TRUE(into.add_entry(entry_index{0}, link_entry("l", (top / "outside").native())));
  EXPECT_EQ(code_of(into.add_entry(entry_index{1}, file_entry("l/new"))), errc::manifest_invalid);
  EXPECT_EQ(code_of(into.add_entry(entry_index{2}, folder_entry("l"))), errc::path_duplicate);
  EXPECT_EQ(code_of(into.add_entry(entry_index{3}, file_entry("l"))), errc::path_duplicate);
  ASSERT_TRUE(into.finish_entry(entry_index{0}));
  ASSERT_TRUE(into.commit());
  EXPECT_TRUE(fs::is_symlink(top / "out/l"));
}

TEST_P(PathEscape, NoEntryTakesAnothersPlace) {
  const auto kinds = {file_entry("x"), folder_entry("x"), link_entry("x", "y")};
  for (const entry& first : kinds) {
    for (const entry& second : kinds) {
      staging into = open();
      ASSERT_TRUE(into.add_entry(entry_index{0}, first));
      EXPECT_EQ(code_of(into.add_entry(entry_index{1}, second)), errc::path_duplicate);
    }
  }
  staging into = open();
  ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry("f")));
  EXPECT_EQ(code_of(into.add_entry(entry_index{1}, file_entry("f/x"))), errc::manifest_invalid);
  ASSERT_TRUE(into.add_entry(entry_index{2}, file_entry("d/x")));
  EXPECT_EQ(code_of(into.add_entry(entry_index{3}, file_entry("d"))), errc::manifest_invalid);
  EXPECT_EQ(code_of(into.add_entry(entry_index{4}, link_entry("d", "f"))), errc::manifest_invalid);
}

TEST_P(PathEscape, NoEntryPosesAsAnotherTransfer) {
  staging into = open();
  const std::string other = ".tallow-00000000000000000000000000000000.part";
  EXPECT_EQ(code_of(into.add_entry(entry_index{0}, folder_entry(other))), errc::path_bad_character);
  EXPECT_EQ(code_of(into.add_entry(entry_index{1}, file_entry(other + "/journal"))),
            errc::path_bad_character);
  EXPECT_TRUE(into.add_entry(entry_index{2}, file_entry("d/" + other)));
}

TEST_P(PathEscape, NoModeGivesRightsAndNoTimeHurts) {
  constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();
  const std::vector<entry> entries{file_entry("setuid", 0, 04755),
                                   file_entry("setgid", 0, 02755),
                                   file_entry("all", 0, 0xFFFFFFFF),
                                   folder_entry("sticky", 01777),
                                   folder_entry("group", 02775),
                                   file_entry("none", 0, 0),
                                   folder_entry("shut", 0),
                                   file_entry("latest", 0, 0644, latest),
                                   file_entry("earliest", 0, 0644, earliest),
                                   folder_entry("d-latest", 0755, latest),
                                   folder_entry("d-earliest", 0755, earliest),
                                   file_entry("before", 0, 0644, -1)};
  staging into = open();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ASSERT_TRUE(into.add_entry(entry_index{i}, entries[i])) << entries[i].path;
    ASSERT_TRUE(into.finish_entry(entry_index{i})) << entries[i].path;
  }
  ASSERT_TRUE(into.commit());
  for (const entry& e : entries) {
    ASSERT_TRUE(present(top / "out" / e.path)) << e.path;
    EXPECT_EQ(mode_of(top / "out" / e.path), e.mode & 0777U) << e.path;
  }
  EXPECT_EQ(mtime_of(top / "out/before"), -1);
}

TEST_P(PathEscape, NoNameReachesTheScreen) {
  const name_list names{"red\x1b[31m", "clear\x1b[2J",  "line\nbreak",   "return\rback", "bell\a",
                        "\u009B31m",   "\u202Egpj.exe", "\u2066x\u2069", "\u2028next",   "\x7f"};
  staging into = open();
  for (std::size_t i = 0; i < names.size(); ++i) {
    ASSERT_TRUE(into.add_entry(entry_index{i}, file_entry(names[i])));
    ASSERT_TRUE(into.finish_entry(entry_index{i}));
    const std::string shown = tallow::transfer::escape_for_display(into.path(entry_index{i}));
    EXPECT_EQ(shown.find_first_of("\x1b\n\r\a\x7f"), std::string::npos);
    EXPECT_EQ(shown.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(shown.find("\xe2\x80"), std::string::npos);
    EXPECT_EQ(shown.find("\xe2\x81"), std::string::npos);
    EXPECT_NE(shown, names[i]);
  }
  ASSERT_TRUE(into.commit());
  name_list sorted = names;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(names_in(top / "out"), sorted);
}

// ---- what stands in the target ----

TEST_P(PathEscape, NothingGoesThroughALinkInTheTarget) {
  top.link("out/d", "../outside/d");
  top.link("out/f", top / "outside/f");
  top.link("out/new", top / "outside/new");
  staging into = open();
  for (const auto& [index, path] : {std::pair(0U, "d/f"), {1U, "f"}, {2U, "new"}}) {
    ASSERT_TRUE(into.add_entry(entry_index{index}, file_entry(path, 3, 0777)));
    ASSERT_TRUE(into.write(entry_index{index}, 0, tallow::as_bytes("bad")));
    ASSERT_TRUE(into.finish_entry(entry_index{index}));
  }
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(names_in(top / "out"), (name_list{"d", "d (2)", "f", "f (2)", "new", "new (2)"}));
}

// ---- what a neighbour can exchange ----

TEST_P(PathEscape, CreatesNothingThroughAnExchangedFolder) {
  staging into = open();
  ASSERT_TRUE(into.add_entry(entry_index{0}, folder_entry("d")));
  exchange_for_link("d", "outside/d");
  // Files come into being with their first bytes, or at their end when they have none.
  ASSERT_TRUE(into.add_entry(entry_index{1}, file_entry("d/new")));
  EXPECT_EQ(code_of(into.finish_entry(entry_index{1})), errc::path_escapes);
  EXPECT_EQ(code_of(into.add_entry(entry_index{2}, folder_entry("d/new2"))), errc::path_escapes);
  EXPECT_EQ(code_of(into.add_entry(entry_index{3}, link_entry("d/new3", "f"))), errc::path_escapes);
  EXPECT_EQ(code_of(into.add_entry(entry_index{4}, file_entry("d/a/b"))), errc::path_escapes);
  ASSERT_TRUE(into.add_entry(entry_index{5}, file_entry("d/whole", 3)));
  EXPECT_EQ(code_of(into.write(entry_index{5}, 0, tallow::as_bytes("bad"))), errc::path_escapes);
  ASSERT_TRUE(into.add_entry(entry_index{6}, file_entry("d/part", 8)));
  EXPECT_EQ(code_of(into.write(entry_index{6}, 0, tallow::as_bytes("bad"))), errc::path_escapes);
}

// A file whose first byte has come.
void begin_file(staging& into, entry_index index, const std::string& path, std::uint64_t size) {
  ASSERT_TRUE(into.add_entry(index, file_entry(path, size, 0777)));
  ASSERT_TRUE(into.write(index, 0, tallow::as_bytes("b")));
}

// Opens other files until the descriptor of the first is closed.
void close_first_descriptor(staging& into) {
  for (std::uint64_t i = 1; i <= tallow::files::descriptor_cache::descriptors_max; ++i) {
    begin_file(into, entry_index{100 + i}, "filler" + std::to_string(i), 8);
  }
}

TEST_P(PathEscape, WritesNothingThroughAnExchangedFolder) {
  staging into = open();
  begin_file(into, entry_index{0}, "d/f", 8);
  close_first_descriptor(into);
  exchange_for_link("d", "outside/d");
  EXPECT_EQ(code_of(into.write(entry_index{0}, 0, tallow::as_bytes("bad"))), errc::path_escapes);
  EXPECT_EQ(code_of(into.finish_entry(entry_index{0})), errc::path_escapes);
  EXPECT_EQ(code_of(into.discard_entry(entry_index{0})), errc::path_escapes);
  EXPECT_EQ(code_of(into.commit()), errc::wrong_state);
}

TEST_P(PathEscape, WritesNothingThroughAnExchangedFile) {
  staging into = open();
  begin_file(into, entry_index{0}, "f", 8);
  close_first_descriptor(into);
  exchange_for_link("f", "outside/f");
  EXPECT_EQ(code_of(into.write(entry_index{0}, 0, tallow::as_bytes("bad"))), errc::path_escapes);
  EXPECT_EQ(code_of(into.finish_entry(entry_index{0})), errc::path_escapes);
  EXPECT_EQ(code_of(into.discard_entry(entry_index{0})), errc{});
}

TEST_P(PathEscape, WritesNoPipeInAFilesPlace) {
  staging into = open();
  begin_file(into, entry_index{0}, "f", 3);
  close_first_descriptor(into);
  fs::remove(staged("f"));
  ASSERT_EQ(::mkfifo(staged("f").c_str(), 0600), 0);
  EXPECT_EQ(code_of(into.write(entry_index{0}, 0, tallow::as_bytes("bad"))),
            errc::unsupported_kind);
}

TEST_P(PathEscape, TouchesNoFolderButItsOwn) {
  staging into = open();
  ASSERT_TRUE(into.add_entry(entry_index{0}, folder_entry("top/d", 0777, 5)));
  ASSERT_TRUE(into.finish_entry(entry_index{0}));
  exchange_for_link("top/d", "outside/d");
  EXPECT_EQ(code_of(into.commit()), errc::path_escapes);
  fs::remove(staged("top/d"));
  fs::rename(top / part / "aside", staged("top/d"));
  exchange_for_link("top", "outside");
  EXPECT_EQ(code_of(into.commit()), errc::path_escapes);
}

TEST_P(PathEscape, SetsNoTimeThroughAnExchangedFolder) {
  top.link("outside/l", "f");
  outside = snapshot(top / "outside");
  staging into = open();
  ASSERT_TRUE(into.add_entry(entry_index{0}, link_entry("d/l", "f")));
  exchange_for_link("d", "outside");
  EXPECT_EQ(code_of(into.finish_entry(entry_index{0})), errc::path_escapes);
}

TEST_P(PathEscape, RemovesNothingThroughAnExchangedFolder) {
  {
    staging into = open();
    ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry("d/f")));
    exchange_for_link("d", "outside/d");
  }
  EXPECT_TRUE(names_in(top / "out").empty());
  {
    staging into = open();
    ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry("f")));
    // The hidden folder itself.
    fs::rename(top / part, top / "out/aside");
    top.link(part, top / "outside");
  }
  EXPECT_TRUE(names_in(top / "out/aside").empty());
}

// Names of a transfer, and what a link in the place of each leads to.
constexpr std::array<std::pair<const char*, const char*>, 2> exchanges{
    {{"d/f", "outside/f"}, {"d", "outside/d"}}};

// An earlier session that has left eight bytes of a file.
void leave_behind(staging into, const std::string& path) {
  ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry(path, 8)));
  ASSERT_TRUE(into.write(entry_index{0}, 0, tallow::as_bytes("earl")));
  ASSERT_TRUE(into.write(entry_index{0}, 4, tallow::as_bytes("ier!")));
  into.keep();
}

// What is read back of it: the error, or the bytes.
std::string said_to_be_there(staging& of) {
  std::string text(8, '?');
  const auto done = of.read_back(entry_index{0}, 0, std::as_writable_bytes(std::span(text)));
  if (done) return text;
  EXPECT_EQ(text, "????????");
  return errc_name(done.error().code);
}

TEST_P(PathEscape, ReadsNothingBackThroughAnExchangedName) {
  // The other side would learn whether a file outside holds what it says.
  for (const auto& [name, victim] : exchanges) {
    SCOPED_TRACE(name);
    leave_behind(open(), "d/f");
    staging again = reopen().value();
    ASSERT_TRUE(again.add_entry(entry_index{0}, file_entry("d/f", 8)));
    exchange_for_link(name, victim);
    EXPECT_EQ(said_to_be_there(again), "path_escapes");
    fs::remove(staged(name));
    fs::rename(top / part / "aside", staged(name));
    EXPECT_EQ(said_to_be_there(again), "earlier!");
    ASSERT_TRUE(again.abandon());
  }
}

TEST_P(PathEscape, TakesNoLinkForWhatAnEarlierSessionHasLeft) {
  for (const auto& [name, victim] : exchanges) {
    SCOPED_TRACE(name);
    leave_behind(open(), "d/f");
    exchange_for_link(name, victim);
    staging again = reopen().value();
    ASSERT_TRUE(again.add_entry(entry_index{0}, file_entry("d/f", 8)));
    EXPECT_EQ(said_to_be_there(again), "not_found");
    ASSERT_TRUE(again.abandon());
  }
  // The hidden folder itself, and the one in it.
  leave_behind(open(), "d/f");
  fs::rename(top / part, top / "out/aside");
  top.link(part, "../outside");
  const auto trap = reopen();
  ASSERT_FALSE(trap);
  EXPECT_EQ(trap.error().code, errc::path_escapes);
  fs::remove(top / part);
  fs::rename(top / "out/aside", top / part);
  fs::rename(top / part / "files", top / part / "aside");
  top.link(std::string(part) + "/files", "../../outside");
  staging again = reopen().value();
  ASSERT_TRUE(again.add_entry(entry_index{0}, file_entry("d/f", 8)));
  EXPECT_EQ(said_to_be_there(again), "not_found");
  ASSERT_TRUE(again.abandon());
}

// A file of three bytes that comes at once.
void take_whole(staging& into, entry_index index, const std::string& path) {
  ASSERT_TRUE(into.add_entry(index, file_entry(path, 3, 0777)));
  ASSERT_TRUE(into.write(index, 0, tallow::as_bytes("bad")));
  ASSERT_TRUE(into.finish_entry(index));
}

TEST_P(PathEscape, MergesNothingThroughAFolderThatWasExchanged) {
  for (const char* const exchanged : {"out/d", "out/d/sub"}) {
    SCOPED_TRACE(exchanged);
    top.folder("out/d/sub");
    staging into = open(link_policy::inside, on_conflict::overwrite);
    ASSERT_TRUE(into.add_entry(entry_index{0}, folder_entry("d/sub/fresh/deep")));
    ASSERT_TRUE(into.finish_entry(entry_index{0}));
    take_whole(into, entry_index{1}, "d/sub/f");
    take_whole(into, entry_index{2}, "d/sub/new");
    // Once it is known which folders are merged, something else is in the way for a while.
    exchange_for_link("d/sub/fresh/deep", "outside/d");
    EXPECT_EQ(code_of(into.commit()), errc::path_escapes);
    fs::remove(staged("d/sub/fresh/deep"));
    fs::rename(top / part / "aside", staged("d/sub/fresh/deep"));
    fs::rename(top / exchanged, top / "out/was there");
    fs::create_symlink(top / "outside/d", top / exchanged);
    EXPECT_EQ(code_of(into.commit()), errc::path_escapes);
    const fs::path sub = top / "out/was there" / (exchanged == "out/d"s ? "sub" : ".");
    EXPECT_TRUE(names_in(sub).empty());
    // Back in its place, it is merged with.
    fs::remove(top / exchanged);
    fs::rename(top / "out/was there", top / exchanged);
    EXPECT_EQ(code_of(into.commit()), errc{});
    EXPECT_EQ(names_in(top / "out/d/sub"), (name_list{"f", "fresh", "new"}));
    fs::remove_all(top / "out/d");
  }
}

// Exchanges two names as fast as it can.
class flipper {
 public:
  flipper(const fs::path& a, const fs::path& b)
      : thread_([this, a, b] {
          while (!stop_) {
            if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0) {
              failed_ = true;
            }
            ++flips_;
          }
        }) {
    while (flips_ < 10) std::this_thread::yield();
  }
  flipper(const flipper&) = delete;
  flipper& operator=(const flipper&) = delete;
  ~flipper() {
    stop_ = true;
    thread_.join();
    EXPECT_FALSE(failed_) << "the names could not be exchanged";
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<bool> failed_{false};
  std::atomic<int> flips_{0};
  std::thread thread_;
};

// Both outcomes have to be seen, or the race was none.
constexpr int outcomes_min = 200;
constexpr auto race_time_max = std::chrono::seconds(20);

TEST_P(PathEscape, WritesNothingOutsideInARace) {
  staging into = open();
  ASSERT_TRUE(into.add_entry(entry_index{0}, folder_entry("d")));
  fs::create_symlink(top / "outside/d", top / part / "swap");
  int done = 0;
  int refused = 0;
  const auto end = std::chrono::steady_clock::now() + race_time_max;
  const flipper race(staged("d"), top / part / "swap");
  for (std::uint64_t i = 1; done < outcomes_min || refused < outcomes_min; ++i) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << done << " done, " << refused << " refused";
    const std::string path = "d/n" + std::to_string(i);
    entry e = file_entry(path, 3, 0777, 7);
    if (i % 3 == 1) e = folder_entry(path, 0777, 7);
    if (i % 3 == 2) e = link_entry(path, "f");
    const entry_index index{i};
    auto result = into.add_entry(index, e);
    if (result && e.kind == entry_kind::file) {
      result = into.write(index, 0, tallow::as_bytes("bad"));
    }
    if (result) result = into.finish_entry(index);
    if (!result) {
      const errc code = result.error().code;
      // The walk looks again at what was no folder, which may be one by then.
      ASSERT_TRUE(code == errc::path_escapes || code == errc::not_a_directory)
          << describe(result.error());
    }
    ++(result ? done : refused);
  }
}

TEST_P(PathEscape, WritesNoVictimInARace) {
  staging into = open();
  begin_file(into, entry_index{0}, "d/f", 8);
  fs::create_symlink(top / "outside/d", top / part / "swap");
  int done = 0;
  int refused = 0;
  const auto end = std::chrono::steady_clock::now() + race_time_max;
  const flipper race(staged("d"), top / part / "swap");
  for (std::uint64_t i = 1; done < outcomes_min || refused < outcomes_min; ++i) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << done << " done, " << refused << " refused";
    // Fillers push the descriptor out, so that each write resolves the path again.
    begin_file(into, entry_index{i}, "filler" + std::to_string(i), 8);
    if (i % tallow::files::descriptor_cache::descriptors_max != 0) continue;
    const auto written = into.write(entry_index{0}, 0, tallow::as_bytes("bad"));
    ++(written ? done : refused);
  }
}

TEST_P(PathEscape, MergesNothingOutsideInARace) {
  constexpr int rounds_enough = 20;
  top.folder("out/d");
  top.link("out/swap", "../outside/d");
  int merged = 0;
  int refused = 0;
  const auto end = std::chrono::steady_clock::now() + race_time_max;
  const flipper race(top / "out/d", top / "out/swap");
  // Where somebody else has the processor, a few rounds have to do.
  while ((merged < rounds_enough || refused < rounds_enough) &&
         std::chrono::steady_clock::now() < end) {
    staging into = open(link_policy::inside, on_conflict::overwrite);
    take_whole(into, entry_index{0}, "d/f");
    take_whole(into, entry_index{1}, "d/new");
    const auto done = into.commit();
    if (!done) {
      const errc code = done.error().code;
      ASSERT_TRUE(code == errc::path_escapes || code == errc::not_a_directory)
          << describe(done.error());
      ++refused;
      continue;
    }
    // What was a link when it was looked at is nothing to merge with.
    const std::string name = into.placed().at(0).final_name;
    if (name == "d") {
      ++merged;
    } else {
      fs::remove_all(top / "out" / name);
    }
  }
  EXPECT_GT(merged, 0);
  EXPECT_GT(refused, 0);
}

// ---- the sender ----

class SourceEscape : public testing::TestWithParam<resolver> {
 protected:
  void SetUp() override {
    if (GetParam() == resolver::kernel && tallow::files::best_resolver() != resolver::kernel) {
      GTEST_SKIP() << "no openat2 here";
    }
    top.folder("tree/d");
    top.file("tree/d/f", "public");
    top.folder("secret");
    top.file("secret/f", "secret");
    for (const char* path : {"tree/d/f", "secret/f"}) set_mtime(top / path, 1);
  }

  // All that a receiver would get: paths, link targets, contents.
  [[nodiscard]] std::string sent() const {
    source_tree tree(GetParam());
    EXPECT_TRUE(tree.add_argument(top / "tree"));
    std::string all;
    for (std::uint64_t i = 0;; ++i) {
      auto next = tree.next_entry().value();
      if (!next) return all;
      all += next->path + '>' + next->link_target + '\n';
      if (next->kind != entry_kind::file) continue;
      tallow::byte_buffer bytes(16);
      const auto count = tree.read(entry_index{i}, 0, bytes);
      if (count) all += tallow::as_text(tallow::byte_view(bytes).first(*count));
    }
  }

  scratch top;
};

INSTANTIATE_TEST_SUITE_P(BothWays, SourceEscape,
                         testing::Values(resolver::kernel, resolver::components),
                         [](const auto& param) {
                           return param.param == resolver::kernel ? "Kernel" : "Components";
                         });

TEST_P(SourceEscape, SendsALinkAsALink) {
  fs::remove_all(top / "tree/d");
  top.link("tree/d", "../secret");
  top.link("tree/e", top / "secret/f");
  EXPECT_EQ(sent(), "tree>\ntree/d>../secret\ntree/e>" + (top / "secret/f").native() + "\n");
}

TEST_P(SourceEscape, ReadsNothingThroughAnExchangedFolder) {
  source_tree tree(GetParam());
  ASSERT_TRUE(tree.add_argument(top / "tree"));
  while (tree.next_entry().value()) {
  }
  fs::rename(top / "tree/d", top / "aside");
  top.link("tree/d", "../aside");  // even to the very same file
  std::byte out[16];
  EXPECT_EQ(tree.read(entry_index{2}, 0, out).error().code, errc::source_changed);
}

TEST_P(SourceEscape, SendsNothingFromOutsideInARace) {
  top.link("swap", "../secret");  // as seen from tree/
  int folders = 0;
  int links = 0;
  const auto end = std::chrono::steady_clock::now() + race_time_max;
  const flipper race(top / "tree/d", top / "swap");
  while (folders < outcomes_min || links < outcomes_min) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << folders << " folders, " << links;
    const std::string all = sent();
    if (all.find("public") != std::string::npos) ++folders;
    if (all.find("tree/d>../secret\n") != std::string::npos) ++links;
    ASSERT_EQ(all.find("\nsecret"), std::string::npos) << all;
  }
}

}  // namespace
