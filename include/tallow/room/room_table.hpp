// What can happen to a room, as one table.
//
// A room brings two connections together and then stays out of their way. Everything here follows
// from six thoughts.
//
// 1. Whoever is in the room first waits and, later, answers: it is the *first*, and it alone may
//    say that the handshake succeeded (ROOM_CONFIRM) or that the code is spent (CLOSE spent). The
//    one that comes to it is the *second*. So the relay need not understand a handshake, and a
//    second that lies can end nothing but its own visit.
// 2. A room that is not live yet belongs to nobody in particular. A second that leaves, or with
//    which no handshake comes about, is one failed attempt: the room goes back to waiting, a
//    bounded number of times. A first that is lost leaves a *kept place* behind: its own side may
//    take it again, and so may anyone else who comes first, because with the code known to both
//    either may start first.
// 3. A live room is two connections and nothing else. It does not age, it admits nobody, and it
//    ends when either of them does.
// 4. *None* is not a state of an object: a room that gets there is forgotten. *Closed* is what is
//    left of a room whose code is spent: it turns those who come later away at once, instead of
//    letting them wait for nobody, until it is forgotten too.
// 5. A side may take several peers with one code, one after the other. When its room goes live,
// that
//    room leaves its number, and a new one has it where a place is kept for that side. Whoever
//    comes before the side does, or while it has somebody, is asked to come back soon.
// 6. What is not in the table does not happen: the event is dropped, and nothing changes. A third
//    connection is in the table only to say that the room stays as it is.
//
// An event is a fact about one room, worked out in room.hpp from who did what; the table has no
// conditions, so that a test can go through all of it.
//
// @source  docs/protocol/room.md, Rooms; its diagram docs/room.md is generated from this table
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tallow::room {

// clang-format off
#define TALLOW_ROOM_STATES(X)                                                        \
  X(none,    "there is no such room")                                                \
  X(waiting, "the first is there, or its place is kept")                             \
  X(paired,  "both are there; the handshake runs")                                   \
  X(live,    "the first has confirmed")                                              \
  X(closed,  "the code is spent; only this is remembered")

#define TALLOW_ROOM_EVENTS(X)                                                        \
  X(opened,              "somebody asks for a room that is not there")               \
  X(reserved,            "a side that takes more has gone live with another")        \
  X(joined,              "another side comes to a first that is there, wants fit")   \
  X(reclaimed,           "the first's own side comes on a new connection")           \
  X(taken_over,          "another side comes while the first's place is only kept")  \
  X(clashed,             "another side comes that wants what the first wants")       \
  X(third_came,          "another side comes, and two are there")                    \
  X(came_early,          "another side comes, and has to wait for its turn")         \
  X(came_late,           "anybody comes after the code was spent")                   \
  X(first_lost,          "the first's connection ends while it waits alone")         \
  X(first_left,          "the first leaves before the room is live")                 \
  X(second_left,         "the second leaves before the room is live")                \
  X(stalled,             "no confirmation came in time")                             \
  X(last_attempt_failed, "one of these three, once too often")                       \
  X(confirmed,           "the first says that the handshake succeeded")              \
  X(spent,               "the first says that the code is spent")                    \
  X(ended,               "the first closes the room; of a live one, either")         \
  X(broken,              "a connection of a live room ends")                         \
  X(overdrawn,           "more bytes than a room may carry")                         \
  X(expired,             "nobody came in time")                                      \
  X(stopped,             "the operator ends the room")                               \
  X(abandoned,           "the first did not take its kept place again in time")      \
  X(forgotten,           "the time of remembering is over")

#define TALLOW_ROOM_ACTIONS(X)                                                       \
  X(seat_first,          "the newcomer is first")                                    \
  X(reserve_place,       "the first's place is kept for it for a while")             \
  X(seat_second,         "the newcomer is second; the first is told")                \
  X(replace_first,       "the older connection, if any, is ended as replaced")       \
  X(refuse_clash,        "the newcomer is refused; the first is told")               \
  X(refuse_third,        "the newcomer is refused; the first is told")               \
  X(refuse_early,        "the newcomer is asked to come back soon")                  \
  X(refuse_late,         "the newcomer is refused")                                  \
  X(keep_place,          "the first's place is kept for a while")                    \
  X(part_second,         "the second is told; the first's place is kept")            \
  X(tell_first,          "the first is told why it waits again")                     \
  X(evict_second,        "the second is ended; the first is told")                   \
  X(give_up_attempts,    "both are told, and that the attempts are used up")         \
  X(lift_limits,         "slices may be large")                                      \
  X(remember,            "the other one is told, and later whoever comes")           \
  X(tell_other,          "the other one is told")                                    \
  X(refuse_both,         "both are ended")                                           \
  X(refuse_first,        "the first is ended")                                       \
  X(turn_out,            "whoever is there is ended, and whoever comes later")       \
  X(nothing,             "nobody is there to be told")
// clang-format on

/// What a room is.
enum class state : std::uint8_t {
#define TALLOW_X(name, text) name,
  TALLOW_ROOM_STATES(TALLOW_X)
#undef TALLOW_X
};

/// What happens to a room.
enum class event : std::uint8_t {
#define TALLOW_X(name, text) name,
  TALLOW_ROOM_EVENTS(TALLOW_X)
#undef TALLOW_X
};

/// What a room does about it.
enum class action : std::uint8_t {
#define TALLOW_X(name, text) name,
  TALLOW_ROOM_ACTIONS(TALLOW_X)
#undef TALLOW_X
};

inline constexpr std::array states{
#define TALLOW_X(name, text) state::name,
    TALLOW_ROOM_STATES(TALLOW_X)
#undef TALLOW_X
};

inline constexpr std::array events{
#define TALLOW_X(name, text) event::name,
    TALLOW_ROOM_EVENTS(TALLOW_X)
#undef TALLOW_X
};

/// One row: in `from`, when `on` happens, the room does `then` and is `to`.
struct transition {
  state from{};
  event on{};
  action then{};
  state to{};
};

/// Everything that can happen.
inline constexpr auto transitions = std::to_array<transition>({
    {state::none, event::opened, action::seat_first, state::waiting},
    {state::none, event::reserved, action::reserve_place, state::waiting},

    {state::waiting, event::joined, action::seat_second, state::paired},
    {state::waiting, event::reclaimed, action::replace_first, state::waiting},
    {state::waiting, event::taken_over, action::seat_first, state::waiting},
    {state::waiting, event::came_early, action::refuse_early, state::waiting},
    {state::waiting, event::clashed, action::refuse_clash, state::waiting},
    {state::waiting, event::first_lost, action::keep_place, state::waiting},
    {state::waiting, event::abandoned, action::nothing, state::none},
    {state::waiting, event::expired, action::refuse_first, state::none},
    {state::waiting, event::ended, action::nothing, state::none},
    {state::waiting, event::spent, action::remember, state::closed},
    {state::waiting, event::stopped, action::turn_out, state::closed},

    {state::paired, event::confirmed, action::lift_limits, state::live},
    {state::paired, event::first_left, action::part_second, state::waiting},
    {state::paired, event::second_left, action::tell_first, state::waiting},
    {state::paired, event::stalled, action::evict_second, state::waiting},
    {state::paired, event::last_attempt_failed, action::give_up_attempts, state::closed},
    {state::paired, event::came_early, action::refuse_early, state::paired},
    {state::paired, event::third_came, action::refuse_third, state::paired},
    {state::paired, event::overdrawn, action::refuse_both, state::none},
    {state::paired, event::ended, action::tell_other, state::none},
    {state::paired, event::spent, action::remember, state::closed},
    {state::paired, event::stopped, action::turn_out, state::closed},

    {state::live, event::third_came, action::refuse_third, state::live},
    {state::live, event::broken, action::tell_other, state::none},
    {state::live, event::overdrawn, action::refuse_both, state::none},
    {state::live, event::ended, action::tell_other, state::none},
    {state::live, event::spent, action::remember, state::closed},
    {state::live, event::stopped, action::turn_out, state::closed},

    {state::closed, event::came_late, action::refuse_late, state::closed},
    {state::closed, event::forgotten, action::nothing, state::none},
});

/// True when no state has two answers to one event.
[[nodiscard]] constexpr bool table_is_deterministic() noexcept {
  for (std::size_t i = 0; i < transitions.size(); ++i) {
    for (std::size_t j = i + 1; j < transitions.size(); ++j) {
      if (transitions[i].from == transitions[j].from && transitions[i].on == transitions[j].on) {
        return false;
      }
    }
  }
  return true;
}
static_assert(table_is_deterministic());

/// The row for `on` in `from`; nothing when it does not happen there.
[[nodiscard]] constexpr std::optional<transition> find_transition(state from, event on) noexcept {
  for (const transition& row : transitions) {
    if (row.from == from && row.on == on) return row;
  }
  return std::nullopt;
}

[[nodiscard]] constexpr const char* name_of(state value) noexcept {
  switch (value) {
#define TALLOW_X(name, text) \
  case state::name: return #name;
    TALLOW_ROOM_STATES(TALLOW_X)
#undef TALLOW_X
  }
  return "";
}

[[nodiscard]] constexpr const char* name_of(event value) noexcept {
  switch (value) {
#define TALLOW_X(name, text) \
  case event::name: return #name;
    TALLOW_ROOM_EVENTS(TALLOW_X)
#undef TALLOW_X
  }
  return "";
}

[[nodiscard]] constexpr const char* name_of(action value) noexcept {
  switch (value) {
#define TALLOW_X(name, text) \
  case action::name: return #name;
    TALLOW_ROOM_ACTIONS(TALLOW_X)
#undef TALLOW_X
  }
  return "";
}

/// What a state, event or action means, in a few words.
[[nodiscard]] constexpr const char* text_of(state value) noexcept {
  switch (value) {
#define TALLOW_X(name, text) \
  case state::name: return text;
    TALLOW_ROOM_STATES(TALLOW_X)
#undef TALLOW_X
  }
  return "";
}

[[nodiscard]] constexpr const char* text_of(event value) noexcept {
  switch (value) {
#define TALLOW_X(name, text) \
  case event::name: return text;
    TALLOW_ROOM_EVENTS(TALLOW_X)
#undef TALLOW_X
  }
  return "";
}

[[nodiscard]] constexpr const char* text_of(action value) noexcept {
  switch (value) {
#define TALLOW_X(name, text) \
  case action::name: return text;
    TALLOW_ROOM_ACTIONS(TALLOW_X)
#undef TALLOW_X
  }
  return "";
}

}  // namespace tallow::room
