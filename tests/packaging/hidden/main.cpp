// An error means the same on either side of a library's border, whoever made it.
#include <cstdio>

#include "library.hpp"

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("not so: %s\n", what);
  ++failures;
}

}  // namespace

int main() {
  const std::error_code from_first = first::code(tallow::errc::truncated);
  const std::error_code here = make_error_code(tallow::errc::truncated);

  expect(from_first == tallow::cond::peer, "a library's code is the peer's");
  expect(!(from_first == tallow::cond::local), "a library's code is nobody else's");
  expect(from_first == tallow::errc::truncated, "a library's code is the same code here");
  expect(from_first == here, "both codes are the same");
  expect(from_first == first::whose(tallow::cond::peer), "a library's condition holds here");
  expect(from_first.category() == tallow::error_category(), "its category is that of the program");

  expect(first::is_peers(here), "a code of the program is the peer's in a library");
  expect(first::is_ours(here), "its category is that of a library");
  expect(second::is_peers(from_first), "a code of one library is the peer's in another");
  expect(second::is_ours(from_first), "its category is that of another");

  // expected's own exception, for those who ask for a value without looking.
  bool caught = false;
  try {
    second::insist(tallow::fail(tallow::errc::truncated, 7));
  } catch (const tl::bad_expected_access<tallow::error>& thrown) {
    caught = thrown.error().at == 7 && make_error_code(thrown.error()) == here;
  } catch (...) {
  }
  expect(caught, "what a library throws has its type here");
  return failures == 0 ? 0 : 1;
}
