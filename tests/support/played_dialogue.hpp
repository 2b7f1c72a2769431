// Plays the proxy to what a client says to one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>

namespace tallow::test {

/// Says what comes next whenever something is wanted, so many bytes at a time.
struct played_dialogue {
  std::string said;   ///< by the client
  std::string error;  ///< or nothing
  errc code{};
  std::size_t taken = 0;
  bool is_done = false;

 protected:
  template <class Dialogue>
  void play(result<Dialogue> dialogue, const std::string& answers, std::size_t step) {
    if (!dialogue) return note(dialogue.error());
    for (;;) {
      while (!dialogue->poll_transmit().empty()) {
        const auto out = as_text(dialogue->poll_transmit());
        const std::size_t count = std::min(step, out.size());
        said += out.substr(0, count);
        dialogue->transmitted(count);
      }
      const std::size_t count = std::min({dialogue->bytes_wanted(), answers.size() - taken, step});
      if (count == 0) break;
      const auto done = dialogue->handle_bytes(as_bytes(answers).subspan(taken, count));
      taken += count;
      if (!done) return note(done.error());
    }
    is_done = dialogue->is_done();
  }

 private:
  void note(const tallow::error& why) {
    error = describe(why);
    code = why.code;
  }
};

}  // namespace tallow::test
