// The unit that includes the single header, and compares what both units say.
#include <cstdio>
#include <tallow_core.hpp>

#include "both.hpp"

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("differs: %s\n", what);
  ++failures;
}

}  // namespace

int main() {
  const auto here = encoded();
  const auto there = ordinary_encoded();
  expect(here && there && *here == *there, "the bytes of a frame");
  if (!here || !there) return 1;

  // What one unit wrote the other one reads.
  const auto read_here = decoded(*there);
  const auto read_there = ordinary_decoded(*here);
  expect(read_here && *read_here == hello(), "a frame read here");
  expect(read_there && *read_there == hello(), "a frame read there");

  tallow::byte_buffer damaged = *here;
  damaged[0] ^= std::byte{0xFF};
  const auto wrong_here = decoded(damaged);
  const auto wrong_there = ordinary_decoded(damaged);
  expect(!wrong_here && !wrong_there, "a damaged frame is refused");
  if (wrong_here || wrong_there) return 1;
  expect(wrong_here.error() == wrong_there.error(), "the error of a damaged frame");
  expect(describe(wrong_here.error()) == ordinary_text(wrong_here.error()), "its text");

  const std::error_code code = ordinary_code(wrong_here.error().code);
  expect(code == tallow::cond::peer, "whose fault it is");
  expect(code.category() == tallow::error_category(), "the category of errors");
  return failures == 0 ? 0 : 1;
}
