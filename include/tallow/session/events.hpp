// What a session tells the program that holds it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/identity.hpp>
#include <tallow/wire/peer_messages.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::session {

/// Where the data goes through.
enum class data_path : std::uint8_t { relay, direct };

/// The relay gave a nameplate and a code was made: session::code() shows it.
struct code_made {};

/// We are first; the other side is awaited.
struct waiting {};

/// The other side is there, the handshake runs.
struct peer_found {};

/// Somebody else tried to come in and was refused by the relay. Nothing has changed.
struct stranger_turned_away {};

/// The other side left before it proved anything, and we wait for the next.
struct peer_lost {
  leave_reason reason{};
};

/// Both sides have proved that they know the code. The words are the same on both sides unless
/// somebody guessed the code and sits in between.
struct secured {
  std::array<std::string_view, 6> words;
};

/// One of the sides wants the words compared before anything else happens. Answer with
/// confirm_words() or deny_words().
struct words_due {};

/// Both people have found them to be the same.
struct words_agreed {};

/// The keys for a later connection have changed: session::family(). Who stores them does so before
/// anything else goes out, or the other side may be ahead of what is stored.
struct keys_changed {};

/// The other side has said who it is, and proved it. Before anything is offered.
struct identified {
  crypto::identity_fingerprint who{};
};

/// Receiver: there is something to ask the person about. Answer with accept_offer() or
/// refuse_offer().
struct offered {};

/// The relay lets a lane through: connect to it, say LANE_OPEN with the ticket, and carry what
/// take_lane() gives.
struct lane_granted {
  stream_id lane{};
  lane_ticket ticket{};
};

/// Sender: the other side would connect to us. Listen, if that is not done yet, and say where by
/// listens_at().
struct addresses_wanted {};

/// Sender: somebody who shows one of these tickets, once, has the connection of that lane.
struct direct_expected {
  std::vector<lane_granted> lanes;
};

/// Sender: the connection of that lane is late. If nobody has shown its ticket, nobody may any
/// more, and lane_ended() is due.
struct lane_late {
  stream_id lane{};
};

/// Receiver: connect to one of these addresses, as far as that is allowed, for each lane; then as
/// with lane_granted.
struct direct_offered {
  std::vector<lane_granted> lanes;
  std::vector<direct_address> addresses;
};

/// Where chunks go from now on; at first through the relay.
struct path_changed {
  data_path path{};
};

/// The connection is lost, and a new one will be tried. Nothing is lost of the transfer.
struct connection_lost {
  error why;
};

/// The other side has been recognised on a new connection, and the transfer goes on.
struct resumed {};

/// The relay carries only so many bytes more.
struct quota_low {
  std::uint64_t bytes_left = 0;
};

/// The relay is going to stop.
struct relay_draining {
  std::uint32_t deadline_ms = 0;
};

/// Everything is in its place, and both sides know it.
struct done {};

/// It is over, and this is why.
struct failed {
  error why;
};

using event =
    std::variant<code_made, waiting, peer_found, stranger_turned_away, peer_lost, secured,
                 words_due, words_agreed, keys_changed, identified, offered, lane_granted,
                 addresses_wanted, direct_expected, lane_late, direct_offered, path_changed,
                 connection_lost, resumed, quota_low, relay_draining, done, failed>;

}  // namespace tallow::session
