// What a session does for lanes on connections between the two peers; a part of session.hpp.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/session/events.hpp>
#include <tallow/session/session.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::session {

// Does what the rules of direct_ ask for. Whether other lanes may be opened is in it then.
template <class Transfer, class Link>
result<void> session<Transfer, Link>::announce_direct(instant now) {
  if (!direct_.has_begun()) {
    const auto agreed = transfer_->direct().agreed();
    // Who is not sure yet of the other side does not tell it where to come.
    const bool is_time = agreed == direct_use::never || transfer_->words().has_passed();
    if (agreed && is_time) direct_.begin(*agreed, now);
  }
  if (direct_.has_failed(now)) return fail(errc::direct_unavailable);
  while (const auto late = direct_.take_late(now)) tell(lane_late{*late});
  if (direct_.take_due(now)) tell(addresses_wanted{});
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::listens_at(std::vector<direct_address> addresses,
                                                 instant now) {
  if (phase_ != phase::live || failed_) return standing();
  const std::uint32_t count = direct_.missing();
  if (addresses.empty() || count == 0) {
    direct_.cannot_listen(now);
    return handle_timeout(now);
  }
  const auto first = channel_->allocate_lanes(count);
  if (!first) return give_up(first.error(), now);
  direct_.announced(*first, count, now);
  tell(direct_expected{direct_tickets(*first, count)});
  if (auto done = say(direct_lanes{*first, count, std::move(addresses)}, now); !done) {
    return give_up(done.error(), now);
  }
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on_direct_lanes(direct_lanes m, instant now) {
  // Only the side that sends the data opens lanes, and these not before both trust each other.
  const bool is_agreed =
      transfer_->direct().agreed().value_or(direct_use::never) != direct_use::never &&
      transfer_->words().has_passed();
  if (Transfer::role == transfer_role::sender || !is_agreed) {
    return fail(errc::peer_message_unexpected, 0, "DIRECT_LANES");
  }
  if (auto done = channel_->announce({m.first, m.count, false}); !done) return done;
  if (!direct_.follow(m.first, m.count, now)) return channel_->discard_lanes(m.first, m.count);
  tell(direct_offered{direct_tickets(m.first, m.count), std::move(m.addresses)});
  return {};
}

template <class Transfer, class Link>
std::vector<lane_granted> session<Transfer, Link>::direct_tickets(stream_id first,
                                                                  std::uint32_t count) const {
  std::vector<lane_granted> made;
  for (std::uint32_t i = 0; i < count; ++i) {
    const stream_id id{first.value + i};
    made.push_back({id, channel_->ticket_of(id, Transfer::role == transfer_role::sender)});
  }
  return made;
}

template <class Transfer, class Link>
void session<Transfer, Link>::lane_opened(stream_id id) {
  if (!direct_.has(id)) return lanes_.opened(id);
  const bool is_first = !direct_.any_open();
  direct_.opened(id);
  if (is_first) tell(path_changed{data_path::direct});
}

template <class Transfer, class Link>
void session<Transfer, Link>::forget_lane(stream_id id, instant now) {
  if (!direct_.has(id)) return lanes_.ended(id, now);
  const bool was_direct = direct_.any_open();
  direct_.ended(id, now);
  if (was_direct && !direct_.any_open()) tell(path_changed{data_path::relay});
}

}  // namespace tallow::session
