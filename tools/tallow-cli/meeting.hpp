// How two sides find each other.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include <botan/system_rng.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/resume_keys.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::cli {

/// Sixteen random bytes, to name a side, a transfer or a folder.
[[nodiscard]] inline std::array<std::byte, 16> random_id() {
  std::array<std::byte, 16> id{};
  Botan::system_rng().randomize(as_u8(byte_span(id)));
  return id;
}

/// How the two sides find each other.
struct meeting {
  want wanted{};
  std::optional<crypto::code_phrase> code{};  ///< nothing, and no keys: the sender makes one
  std::optional<crypto::resume_keys> keys{};  ///< of a session that goes on, in place of a code
  std::string relay{};                        ///< where; empty: as the options name it
  side_id side = random_id();                 ///< the same in all rooms of one code
  /// There is another receiver to come once this one is recognised.
  bool takes_more = false;
  /// Another receiver was met before.
  bool follows = false;
  /// The code was made here, and not by the person.
  bool is_code_made = false;
  /// The person has seen the code.
  bool is_code_known = false;
  /// The other side was there just now: nobody waits for it longer than for an outage to end.
  bool is_expected = false;
};

}  // namespace tallow::cli
