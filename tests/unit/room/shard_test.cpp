// Several relay_cores that make one relay: what belongs elsewhere goes there, and limits are of all
// together.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/relay_core.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

#include "support/relay_world.hpp"
#include "support/seeded_random.hpp"

namespace tallow::room {
namespace {

using namespace std::chrono_literals;

// A stand-in for the hash of a nameplate, spread as that is.
room_id spread_room(std::uint32_t nameplate) {
  room_id id{};
  std::uint64_t state = nameplate;
  store_big_endian(next_random(state), std::span(id).last<8>());
  return id;
}

template <message M>
byte_buffer frame_of(const M& m) {
  byte_buffer frame;
  EXPECT_TRUE(append_message(frame, m));
  return frame;
}

// A connection, wherever it is at the moment.
struct end {
  std::size_t at = 0;  // which shard
  connection_id id{};
  bool is_open = true;
  std::vector<frame_type> got;
  std::optional<error_report> refused;
  std::optional<room_created> made;
  std::vector<lane_ticket> tickets;
};

class shards {
 public:
  explicit shards(std::uint32_t count, relay_options options = {}) : commons(options.admission) {
    for (std::uint32_t i = 0; i < count; ++i) {
      cores.push_back(std::make_unique<relay_core>(options, &spread_room, random.source(),
                                                   relay_place{&commons, {i, count}}));
    }
  }

  end& connect(std::size_t at, origin from = {}) {
    ends.push_back(std::make_unique<end>());
    end& e = *ends.back();
    e.at = at;
    e.id = cores[at]->connected(now, from);
    pump();
    return e;
  }
  end& greet(std::size_t at, origin from = {}) {
    end& e = connect(at, from);
    say(e, client_hello{{relay_protocol_version}, "test"});
    return e;
  }
  template <message M>
  void say(end& e, const M& m) {
    byte_buffer frame = frame_of(m);
    say_bytes(e, frame);
  }
  void say_bytes(end& e, byte_span bytes) {
    cores[e.at]->handle_bytes(e.id, bytes, now);
    pump();
  }
  void leave(end& e) {
    e.is_open = false;
    cores[e.at]->disconnected(e.id, now);
    pump();
  }
  void pass(duration time) {
    now += time;
    for (auto& core : cores) core->handle_timeout(now);
    pump();
  }

  // Two in a live room of shard `home`, who came to shard `door`.
  std::pair<end*, end*> live_room(std::size_t home, std::size_t door) {
    end& first = greet(home);
    say(first, create_room{test::side(1), want::send});
    EXPECT_TRUE(first.made.has_value());
    end& second = greet(door);
    say(second, join_room{spread_room(first.made->nameplate), test::side(2), want::receive});
    say(first, room_confirm{});
    return {&first, &second};
  }

  instant now{1h};
  test::seeded_random random{7};
  relay_commons commons;
  std::vector<std::unique_ptr<relay_core>> cores;
  std::vector<std::unique_ptr<end>> ends;
  std::vector<lanes_joined> lanes;
  int moves = 0;

 private:
  void pump() {
    for (std::size_t i = 0; i < cores.size(); ++i) {
      while (const auto e = cores[i]->poll_event()) {
        if (const auto* m = std::get_if<move_away>(&*e)) {
          EXPECT_EQ(cores[i]->read_bytes_wanted(m->id), 0U);
          end& moved = find(i, m->id);
          moved.id = cores[m->shard]->adopt(cores[i]->release(m->id), now);
          moved.at = m->shard;
          ++moves;
          return pump();
        }
        if (const auto* d = std::get_if<drop>(&*e)) {
          leave(find(i, d->id));
        } else if (const auto* l = std::get_if<lanes_joined>(&*e)) {
          lanes.push_back(*l);
        }
      }
    }
    for (auto& e : ends) read(*e);
  }

  void read(end& e) {
    if (!e.is_open) return;
    for (byte_view sent = cores[e.at]->poll_transmit(e.id); !sent.empty();
         sent = cores[e.at]->poll_transmit(e.id)) {
      byte_buffer bytes(sent.begin(), sent.end());
      cores[e.at]->transmitted(e.id, bytes.size(), now);
      byte_span rest(bytes);
      frame_decoder decoder{frames_from_relay};
      while (const auto frame = decoder.next(rest).value_or(std::nullopt)) take(e, *frame);
    }
  }

  static void take(end& e, const frame_view& frame) {
    e.got.push_back(frame.type);
    if (frame.type == frame_type::error_report) {
      e.refused = *decode_body<error_report>(frame.body);
    } else if (frame.type == frame_type::room_created) {
      e.made = *decode_body<room_created>(frame.body);
    } else if (frame.type == frame_type::lane_tickets) {
      e.tickets = decode_body<lane_tickets>(frame.body)->tickets;
    }
  }

  end& find(std::size_t at, connection_id id) {
    for (auto& e : ends) {
      if (e->is_open && e->at == at && e->id == id) return *e;
    }
    ADD_FAILURE() << "an event for a connection that is not there";
    return *ends.front();
  }
};

TEST(Shard, MakesRoomsThatAreAtHomeThere) {
  shards relay(5);
  for (std::size_t i = 0; i < 40; ++i) {
    end& e = relay.greet(i % 5);
    relay.say(e, create_room{test::side(1), want::send});
    ASSERT_TRUE(e.made.has_value());
    EXPECT_EQ(e.at, i % 5);
    EXPECT_EQ((shard{0, 5}.home_of(spread_room(e.made->nameplate))), i % 5);
  }
  EXPECT_EQ(relay.moves, 0);
}

TEST(Shard, BringsTheSecondToTheRoomOfTheFirst) {
  shards relay(3);
  for (std::size_t door = 0; door < 3; ++door) {
    const auto [first, second] = relay.live_room(1, door);
    EXPECT_EQ(second->at, 1U);
    EXPECT_EQ(second->got.back(), frame_type::room_joined);
    EXPECT_EQ(relay.cores[1]->counters().sessions, door + 1);
  }
  EXPECT_EQ(relay.moves, 2);
  EXPECT_EQ(relay.cores[1]->room_count(), 3U);
  EXPECT_EQ(relay.cores[0]->connection_count() + relay.cores[2]->connection_count(), 0U);
}

TEST(Shard, KeepsWhatCameBehindTheQuestion) {
  shards relay(2);
  end& first = relay.greet(0);
  relay.say(first, create_room{test::side(1), want::send});
  end& second = relay.greet(1);
  byte_buffer both =
      frame_of(join_room{spread_room(first.made->nameplate), test::side(2), want::receive});
  append(both, frame_of(relay_ping{}));
  append(both, byte_view(frame_of(relay_ping{})).first(3));
  relay.say_bytes(second, both);
  EXPECT_EQ(second.at, 0U);
  EXPECT_EQ(second.got.back(), frame_type::pong);
  byte_buffer rest = frame_of(relay_ping{});
  relay.say_bytes(second, byte_span(rest).subspan(3));
  EXPECT_EQ(std::count(second.got.begin(), second.got.end(), frame_type::pong), 2);
}

TEST(Shard, BringsEndsOfLanesToTheirRoom) {
  shards relay(4);
  const auto [first, second] = relay.live_room(2, 0);
  relay.say(*first, lane_request{3});
  relay.say(*second, lane_request{3});
  ASSERT_EQ(first->tickets.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    relay.say(relay.connect(i), lane_open{first->tickets[i]});
    relay.say(relay.connect(3 - i), lane_open{second->tickets[i]});
  }
  EXPECT_EQ(relay.lanes.size(), 3U);
  EXPECT_EQ(relay.cores[2]->lane_end_count(), 6U);
}

TEST(Shard, SharesTheLimitOfRooms) {
  relay_options options;
  options.rooms.rooms_max = 3;
  shards relay(2, options);
  std::vector<end*> rooms;
  for (std::size_t i = 0; i < 3; ++i) {
    rooms.push_back(&relay.greet(i % 2));
    relay.say(*rooms.back(), create_room{test::side(1), want::send});
    ASSERT_TRUE(rooms.back()->made.has_value());
  }
  for (std::size_t at = 0; at < 2; ++at) {
    end& one_more = relay.greet(at);
    relay.say(one_more, create_room{test::side(1), want::send});
    ASSERT_TRUE(one_more.refused.has_value());
    EXPECT_EQ(one_more.refused->code, relay_error_code::relay_full);
  }
  // A place is kept for a while for who lost its connection; who closes its room gives it back.
  relay.say(*rooms[0], close_room{close_reason::done});
  end& next = relay.greet(1);
  relay.say(next, create_room{test::side(1), want::send});
  EXPECT_TRUE(next.made.has_value());
  EXPECT_EQ(relay.commons.rooms.now(), 3U);
}

TEST(Shard, SharesTheLimitOfConnections) {
  relay_options options;
  options.connections_max = 4;
  shards relay(2, options);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_FALSE(relay.greet(i % 2).refused) << i;
  end& fifth = relay.connect(1);
  ASSERT_TRUE(fifth.refused.has_value());
  EXPECT_EQ(fifth.refused->code, relay_error_code::relay_full);
  for (auto& e : relay.ends) {
    if (e->is_open) relay.leave(*e);
  }
  EXPECT_EQ(relay.commons.connections.now(), 0U);
  EXPECT_FALSE(relay.greet(0).refused);
}

TEST(Shard, LimitsASourceInAllShardsTogether) {
  relay_options options;
  options.admission.rooms = {2, 1min, 2};
  shards relay(3, options);
  const origin from{source_id{7}};
  int made = 0;
  for (std::size_t at = 0; at < 3; ++at) {
    end& e = relay.greet(at, from);
    relay.say(e, create_room{test::side(1), want::send});
    made += e.made ? 1 : 0;
  }
  EXPECT_EQ(made, 2);
}

TEST(Shard, StaysPendingOnTheWay) {
  relay_options options;
  options.admission.pending_max = 1;
  shards relay(2, options);
  const origin from{source_id{7}};
  end& first = relay.greet(0);
  relay.say(first, create_room{test::side(1), want::send});
  end& second = relay.greet(1, from);
  relay.say(second, join_room{spread_room(first.made->nameplate), test::side(2), want::receive});
  // It has a place now, so its source may come with another one.
  EXPECT_EQ(second.at, 0U);
  EXPECT_TRUE(relay.greet(1, from).is_open);
  // That one has none.
  EXPECT_FALSE(relay.connect(0, from).is_open);
}

TEST(Shard, DoesNotMoveWhoComesAtTheEnd) {
  shards relay(2);
  end& first = relay.greet(0);
  relay.say(first, create_room{test::side(1), want::send});
  end& second = relay.greet(1);
  relay.cores[1]->drain(relay.now, 10s);
  relay.say(second, join_room{spread_room(first.made->nameplate), test::side(2), want::receive});
  EXPECT_EQ(second.at, 1U);
  ASSERT_TRUE(second.refused.has_value());
  EXPECT_EQ(second.refused->code, relay_error_code::draining);
}

TEST(Shard, RoomsThatAreForgottenFreeTheirPlace) {
  relay_options options;
  options.rooms.each.waiting_max = 60s;
  shards relay(2, options);
  for (std::size_t at = 0; at < 2; ++at) {
    relay.say(relay.greet(at), create_room{test::side(1), want::send});
  }
  EXPECT_EQ(relay.commons.rooms.now(), 2U);
  relay.pass(10min);
  EXPECT_EQ(relay.commons.rooms.now(), 0U);
}

}  // namespace
}  // namespace tallow::room
