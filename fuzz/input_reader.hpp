// An input that is a program.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tallow/base/bytes.hpp>

namespace tallow::fuzz {

/// The bytes of an input, one after the other; zeros behind its end.
class input_reader {
 public:
  explicit input_reader(byte_view input) : rest_(input) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  [[nodiscard]] unsigned next() {
    const byte_view one = take(1);
    return one.empty() ? 0 : std::to_integer<unsigned>(one[0]);
  }
  byte_view take(std::size_t count) {
    const byte_view taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  byte_view rest_;
};

}  // namespace tallow::fuzz
