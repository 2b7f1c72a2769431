#pragma once
// Pairs that transfer something while somebody attacks their relay: nothing may happen to them.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/relay_world.hpp"

namespace tallow::test {

/// 50, or 1,000 where TALLOW_NIGHTLY is set.
inline std::size_t bystander_pairs() {
  return std::getenv("TALLOW_NIGHTLY") != nullptr ? 1000 : 50;
}

/// A relay with as much room for others as if the bystanders were not there.
inline room::relay_options beside_bystanders(room::relay_options options = {}) {
  options.rooms.rooms_max += bystander_pairs();
  options.connections_max += 2 * bystander_pairs();
  return options;
}

class bystanders {
 public:
  explicit bystanders(relay_world& world, std::size_t count = bystander_pairs()) : world_(&world) {
    for (std::size_t i = 0; i < count; ++i) {
      const room_id room = test::room_of(static_cast<std::uint32_t>(900'000'000 + i));
      client_end& first = world.join(room, 1, want::send);
      client_end& second = world.join(room, 2, want::receive);
      EXPECT_TRUE(first.link.confirm());
      pairs_.emplace_back(&first, &second);
    }
    world.pump();
    talk();
  }

  /// Each sends what nobody else sends at any time, and gets what the other has sent.
  void talk() {
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      EXPECT_TRUE(pairs_[i].first->link.send_slice(stream_id{1}, text(2 * i)));
      EXPECT_TRUE(pairs_[i].second->link.send_slice(stream_id{1}, text(2 * i + 1)));
    }
    world_->pump();
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      expect_got(*pairs_[i].second, text(2 * i));
      expect_got(*pairs_[i].first, text(2 * i + 1));
    }
    ++round_;
  }

  /// They are as they were, and the relay has nobody else.
  void expect_alone() {
    talk();
    EXPECT_EQ(world_->core.connection_count(), 2 * pairs_.size());
    EXPECT_EQ(world_->core.room_count(), pairs_.size());
  }

 private:
  [[nodiscard]] byte_buffer text(std::size_t who) const {
    byte_buffer bytes(200);
    std::uint64_t state = who * 1'000'003 + round_;
    for (std::byte& b : bytes) b = static_cast<std::byte>(room::next_random(state));
    return bytes;
  }

  static void expect_got(client_end& end, const byte_buffer& expected) {
    EXPECT_TRUE(end.is_open && !end.failure);
    ASSERT_EQ(end.slices.size(), 1U);
    EXPECT_TRUE(end.slices.front().second == expected);
    end.slices.clear();
  }

  relay_world* world_;
  std::vector<std::pair<client_end*, client_end*>> pairs_;
  std::uint64_t round_ = 0;
};

}  // namespace tallow::test
