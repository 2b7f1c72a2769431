// What is read of a datagram can be announced, and is then read as the same.
//
// Input: a datagram of multicast DNS.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>

#include "fuzz/violation.hpp"
#include "tools/tallow-cli/mdns_message.hpp"

namespace tallow::fuzz {

inline void fuzz_mdns_message(byte_view input) {
  namespace mdns = cli::mdns;
  const auto said = mdns::read_message(input);
  if (!said) return;
  for (const std::uint32_t nameplate : said->asked) {
    require(nameplate <= limits::nameplate_max, "a nameplate is one");
    const auto again = mdns::read_message(mdns::question_for(nameplate));
    require(again && again->asked == std::vector{nameplate}, "a question is a question");
  }
  for (const mdns::service& one : said->found) {
    require(one.port != 0 && !one.addresses.empty(), "who is found can be reached");
    require(!one.host.empty() && one.host.size() <= 63 + 1 + 255, "a host has a name");
    // What is too long for a datagram came compressed.
    const auto told = mdns::announcement_of(one);
    if (told.size() > mdns::message_bytes_max) continue;
    const auto again = mdns::read_message(told);
    require(again && again->found.size() == 1, "what was found can be found again");
    const mdns::service& other = again->found.front();
    require(other.nameplate == one.nameplate && other.host == one.host && other.port == one.port &&
                other.key == one.key && other.addresses == one.addresses,
            "and is the same");
  }
}

}  // namespace tallow::fuzz
