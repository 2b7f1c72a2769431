// What an operator may change while a relay runs.
//
// @source  docs/protocol/room.md, Limits
#pragma once

#include <tallow/room/admission.hpp>
#include <tallow/room/bandwidth.hpp>
#include <tallow/room/room.hpp>

namespace tallow::room {

/// Those of relay_options that relay_core::apply() takes. No connection ends by it.
struct reloadable_options {
  room_options each;            ///< of rooms that are made from now on
  admission_options admission;  ///< of what comes from now on
  bandwidth_options bandwidth;  ///< at once
};

}  // namespace tallow::room
