// What is said of events that change nothing here.
#pragma once

#include <variant>

#include <tallow/session/session.hpp>

#include "fingerprint.hpp"
#include "format.hpp"
#include "voice.hpp"

namespace tallow::cli {

/// Says what happened, for people and for programs; nothing of events that others tell.
inline void tell_event(const voice& speaks, const session::event& e) {
  if (std::holds_alternative<session::peer_lost>(e)) {
    speaks.emit({{"event", "peer_lost"}});
    speaks.say("Somebody came and left before proving to know the code; still waiting.");
  } else if (std::holds_alternative<session::stranger_turned_away>(e)) {
    speaks.emit({{"event", "stranger"}});
    speaks.say("A third one tried to use the same number and was turned away.");
  } else if (const auto* found = std::get_if<session::identified>(&e)) {
    speaks.emit({{"event", "identified"}, {"fingerprint", text_of(found->who)}});
    speaks.say("The other side is " + text_of(found->who) + '.');
  } else if (const auto* low = std::get_if<session::quota_low>(&e)) {
    speaks.emit({{"event", "quota_low"}, {"bytes", low->bytes_left}});
    speaks.say("The relay carries only " + human_bytes(low->bytes_left) + " more.");
  } else if (std::holds_alternative<session::relay_draining>(e)) {
    speaks.emit({{"event", "relay_draining"}});
    speaks.say("The relay is going to stop.");
  }
}

}  // namespace tallow::cli
