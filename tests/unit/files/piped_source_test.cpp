#include <array>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include <tallow/files/piped_source.hpp>

namespace tallow::files {
namespace {

class PipedSource : public testing::Test {
 protected:
  PipedSource() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    out_.reset(ends[0]);
    in_.reset(ends[1]);
    source_.add_stream(out_.get(), "name");
  }

  void put(std::string_view text) {
    EXPECT_EQ(::write(in_.get(), text.data(), text.size()), static_cast<::ssize_t>(text.size()));
  }

  std::string get(std::size_t room = 100) {
    std::string text(room, '\0');
    const auto count = source_.read_stream(std::as_writable_bytes(std::span(text)));
    EXPECT_TRUE(count.has_value());
    text.resize(count.value_or(0));
    return text;
  }

  unique_fd out_;
  unique_fd in_;
  source_tree tree_;
  piped_source source_{tree_};
};

TEST_F(PipedSource, GivesTheStreamAfterTheTree) {
  ASSERT_TRUE(tree_.add_argument("/etc/passwd").has_value());
  const auto first = source_.next_entry().value();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->path, "passwd");
  const auto second = source_.next_entry().value();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->path, "name");
  EXPECT_EQ(second->kind, transfer::entry_kind::file);
  EXPECT_EQ(second->size, 0U);
  EXPECT_GT(second->mtime_ns, 0);
  EXPECT_FALSE(source_.next_entry().value().has_value());
  EXPECT_EQ(source_.path(entry_index{0}), "passwd");
  EXPECT_EQ(source_.path(entry_index{1}), "name");
  std::byte some{};
  EXPECT_TRUE(source_.read(entry_index{0}, 0, byte_span(&some, 1)).has_value());
}

TEST_F(PipedSource, GivesNoStreamWhereThereIsNone) {
  piped_source source(tree_);
  EXPECT_FALSE(source.has_stream());
  EXPECT_FALSE(source.next_entry().value().has_value());
}

TEST_F(PipedSource, ReadsWhatIsThereAndTheEnd) {
  EXPECT_TRUE(source_.stream_pauses());
  put("abc");
  EXPECT_TRUE(source_.wait_stream().value());
  EXPECT_FALSE(source_.stream_pauses());
  EXPECT_EQ(get(2), "ab");
  EXPECT_FALSE(source_.stream_pauses());
  EXPECT_EQ(get(), "c");
  EXPECT_TRUE(source_.stream_pauses());
  in_.reset();
  EXPECT_TRUE(source_.wait_stream().value());
  EXPECT_EQ(get(), "");
}

TEST_F(PipedSource, WaitsOnADescriptorThatDoesNot) {
  ASSERT_EQ(::fcntl(out_.get(), F_SETFL, O_NONBLOCK), 0);
  std::thread writer([&] { put("late"); });
  EXPECT_EQ(get(), "late");
  writer.join();
}

TEST_F(PipedSource, CanBeInterruptedWhileItWaits) {
  std::thread other([&] { source_.interrupt_stream(); });
  EXPECT_FALSE(source_.wait_stream().value());
  other.join();
  put("x");
  EXPECT_FALSE(source_.wait_stream().value());
}

TEST_F(PipedSource, SaysWhyItCannotRead) {
  const unique_fd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  piped_source source(tree_);
  source.add_stream(folder.get(), "name");
  std::byte some{};
  EXPECT_EQ(source.read_stream(byte_span(&some, 1)).error().code, errc::source_failed);
}

}  // namespace
}  // namespace tallow::files
