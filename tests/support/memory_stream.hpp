#pragma once
// A source in memory whose last entry is a stream.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::test {

/// The stream gives one piece after the other, and pauses behind each. A piece that is larger than
/// what is asked for is given in parts, without a pause between them.
class memory_stream_source : public transfer::memory_source {
 public:
  explicit memory_stream_source(const std::vector<transfer::memory_file>& files)
      : memory_source(files), files_(files.size()) {}

  result<std::optional<transfer::entry>> next_entry() {
    auto next = memory_source::next_entry();
    if (!next || *next || std::exchange(given_, true)) return next;
    transfer::entry e;
    e.path = "stream";
    e.mode = 0644;
    return std::optional<transfer::entry>(std::move(e));
  }
  [[nodiscard]] std::string path(entry_index index) const {
    return index.value < files_ ? memory_source::path(index) : "stream";
  }

  result<bool> wait_stream() { return !interrupted; }
  [[nodiscard]] bool stream_pauses() const { return at_ == 0; }
  result<std::size_t> read_stream(byte_span out) {
    ++reads;
    if (pieces.empty())
      return broken ? result<std::size_t>(fail(errc::source_failed)) : std::size_t{0};
    const byte_view rest = byte_view(pieces.front()).subspan(at_);
    const std::size_t count = std::min(out.size(), rest.size());
    std::copy_n(rest.begin(), count, out.begin());
    at_ += count;
    if (count == rest.size()) {
      pieces.pop_front();
      at_ = 0;
    }
    return count;
  }
  void interrupt_stream() { interrupted = true; }

  std::deque<byte_buffer> pieces;
  bool broken = false;  ///< it ends with an error
  bool interrupted = false;
  unsigned reads = 0;

 private:
  std::size_t files_;
  std::size_t at_ = 0;
  bool given_ = false;
};

static_assert(transfer::stream_source<memory_stream_source>);

}  // namespace tallow::test
