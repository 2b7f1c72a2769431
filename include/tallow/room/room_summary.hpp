// What an operator may know of a room.
//
// @source  docs/protocol/room.md, Rooms
#pragma once

#include <cstddef>
#include <cstdint>

#include <tallow/base/time.hpp>
#include <tallow/room/room_table.hpp>

namespace tallow::room {

/// One room, without its id: who has this cannot find the room, nor the code that it belongs to.
struct room_summary {
  std::uint64_t handle = 0;  ///< a random number that stands for the room in this process alone
  state is = state::none;
  duration age{};               ///< since somebody took the first place
  std::uint64_t bytes = 0;      ///< that it has carried, both ways
  std::size_t connections = 0;  ///< of its two sides, those that are there
  std::size_t lane_ends = 0;    ///< connections of theirs that are lanes
};

}  // namespace tallow::room
