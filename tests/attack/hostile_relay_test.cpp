// A relay that changes what it carries. It can make a transfer fail, and nothing else.
#include <gtest/gtest.h>

#include "support/relayed_pair.hpp"
#include "tools/tallow-cli/exit_code.hpp"

namespace tallow::test {
namespace {

std::vector<transfer::memory_file> three_files() {
  return {numbered_file("a", 9000, 1), numbered_file("b", 3, 2), numbered_file("c", 0)};
}

// What the hostile relay does to the n-th frame it sends to one of the two.
using hostility = std::function<std::vector<byte_buffer>(byte_buffer frame)>;

struct attack_outcome {
  std::size_t frames = 0;  // how many went to the victim
  bool delivered = false;
};

// Runs a transfer in which `attack` gets frame number `target` on the way to the victim.
attack_outcome run_attack(bool victim_sends, std::size_t target, const hostility& attack) {
  relayed_pair pair(three_files());
  attack_outcome outcome;
  const frame_tap tap = [&](byte_buffer frame) {
    if (outcome.frames++ == target) return attack(std::move(frame));
    return std::vector<byte_buffer>{std::move(frame)};
  };
  (victim_sends ? static_cast<simulated_peer&>(pair.sending)
                : static_cast<simulated_peer&>(pair.receiving))
      .tap = tap;
  pair.run();
  // Whatever happened: all of it as it was sent, or nothing.
  outcome.delivered = pair.receiving.succeeded();
  if (pair.sink.files().empty()) {
    EXPECT_FALSE(outcome.delivered);
  } else {
    EXPECT_TRUE(pair.arrived_identical());
  }
  // A sender never believes in a delivery that did not happen.
  if (pair.sending.succeeded()) {
    EXPECT_TRUE(pair.arrived_identical());
  }
  for (const auto failure : {pair.sending.failure(), pair.receiving.failure()}) {
    if (!failure) continue;
    const int code = static_cast<int>(cli::exit_code_for(*failure));
    EXPECT_TRUE(code == 3 || code == 4 || code == 5 || code == 8)
        << errc_name(*failure) << " is exit " << code;
  }
  return outcome;
}

std::size_t frames_to(bool victim_sends) { return run_attack(victim_sends, SIZE_MAX, {}).frames; }

template <class MakeAttack>
void attack_every_frame(const MakeAttack& make) {
  for (const bool victim_sends : {true, false}) {
    const std::size_t frames = frames_to(victim_sends);
    ASSERT_GT(frames, 8U);
    for (std::size_t target = 0; target < frames; ++target) {
      SCOPED_TRACE(testing::Message()
                   << (victim_sends ? "sender" : "receiver") << ", frame " << target);
      make(victim_sends, target);
    }
  }
}

TEST(HostileRelay, IsHarmlessWhenItChangesNothing) {
  for (const bool victim_sends : {true, false}) {
    EXPECT_TRUE(run_attack(victim_sends, SIZE_MAX, {}).delivered);
  }
}

TEST(HostileRelay, CannotGainByFlippingABit) {
  std::uint32_t random = 1;
  attack_every_frame([&](bool victim_sends, std::size_t target) {
    // Every bit of the header, and bits all over the body.
    for (std::size_t i = 0; i < 64 + 24; ++i) {
      random = random * 1664525U + 1013904223U;
      const std::uint32_t place = random >> 8U;
      run_attack(victim_sends, target, [&](byte_buffer frame) {
        const std::size_t bits = (frame.size() - limits::frame_header_bytes) * 8;
        std::size_t bit = i;
        if (i >= 64) bit = bits == 0 ? 0 : 64 + place % bits;
        frame[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        return std::vector<byte_buffer>{std::move(frame)};
      });
    }
  });
}

TEST(HostileRelay, CannotGainByDroppingAFrame) {
  attack_every_frame([&](bool victim_sends, std::size_t target) {
    run_attack(victim_sends, target, [](const byte_buffer&) { return std::vector<byte_buffer>{}; });
  });
}

TEST(HostileRelay, CannotGainByRepeatingAFrame) {
  attack_every_frame([&](bool victim_sends, std::size_t target) {
    run_attack(victim_sends, target, [](const byte_buffer& frame) {
      return std::vector<byte_buffer>{frame, frame};
    });
  });
}

TEST(HostileRelay, CannotGainBySwappingTwoFrames) {
  attack_every_frame([&](bool victim_sends, std::size_t target) {
    relayed_pair pair(three_files());
    std::size_t count = 0;
    byte_buffer held;
    const frame_tap tap = [&](byte_buffer frame) {
      const std::size_t number = count++;
      if (number == target) {
        held = std::move(frame);
        return std::vector<byte_buffer>{};
      }
      if (number == target + 1) return std::vector<byte_buffer>{std::move(frame), held};
      return std::vector<byte_buffer>{std::move(frame)};
    };
    (victim_sends ? static_cast<simulated_peer&>(pair.sending)
                  : static_cast<simulated_peer&>(pair.receiving))
        .tap = tap;
    pair.run();
    EXPECT_TRUE(pair.sink.files().empty() || pair.arrived_identical());
    if (pair.sending.succeeded()) {
      EXPECT_TRUE(pair.arrived_identical());
    }
  });
}

TEST(HostileRelay, CannotGainByTruncatingAFrame) {
  attack_every_frame([&](bool victim_sends, std::size_t target) {
    for (const bool honest_length : {true, false}) {
      run_attack(victim_sends, target, [&](byte_buffer frame) {
        frame.resize(frame.size() - (frame.size() > limits::frame_header_bytes ? 1 : 0));
        if (honest_length) {
          const auto body = static_cast<std::uint32_t>(frame.size() - limits::frame_header_bytes);
          store_big_endian(body, std::span(frame).first<4>());
        }
        return std::vector<byte_buffer>{std::move(frame)};
      });
    }
  });
}

TEST(HostileRelay, CannotReportSuccessByClosingTheRoomEarly) {
  attack_every_frame([&](bool victim_sends, std::size_t target) {
    run_attack(victim_sends, target, [](const byte_buffer&) {
      byte_buffer lie;
      EXPECT_TRUE(append_message(lie, peer_left{leave_reason::finished}).has_value());
      return std::vector<byte_buffer>{std::move(lie)};
    });
  });
}

TEST(HostileRelay, CannotGiveARoomThatIsNotItsNameplates) {
  const std::vector<transfer::memory_file> files = three_files();
  transfer::memory_source source(files);
  memory_sender sender(source, {});
  simulated_relay relay;
  session_peer<memory_sender> sending(sender, want::send, std::nullopt, 1, relay.now);
  sending.tap = [](byte_buffer frame) {
    // Byte 9 and on of ROOM_CREATED: the nameplate's varint, then the room.
    if (frame[4] == static_cast<std::byte>(frame_type::room_created)) frame[12] ^= std::byte{1};
    return std::vector<byte_buffer>{std::move(frame)};
  };
  relay.connect(sending);
  relay.run(std::chrono::seconds(1));
  EXPECT_EQ(sending.failure(), errc::relay_message_unexpected);
  EXPECT_FALSE(sending.inside().code().has_value());
}

}  // namespace
}  // namespace tallow::test
