#pragma once
// Two sides with a relay in memory that may want direct lanes. Nobody carries the lanes.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/session/session.hpp>

#include "support/relayed_pair.hpp"
#include "support/told_address.hpp"

namespace tallow::test {

struct direct_pair {
  direct_pair(direct_use sender_wants, direct_use receiver_wants, room::relay_options options = {},
              bool verify = false, std::string_view receiver_code = "7-crossover-clockwork")
      : sender(source, to_send(sender_wants, verify)),
        receiver(sink, {}, to_receive(receiver_wants)),
        relay(std::move(options)),
        sending(sender, want::send, "7-crossover-clockwork", 1, relay.now, std::chrono::minutes(10),
                false, [](session::session_options& o) { o.lanes = 2; }),
        receiving(receiver, want::receive, receiver_code, 2, relay.now, std::chrono::minutes(10)) {
    sending.on_event = [this](const session::event& e) {
      if (std::holds_alternative<session::addresses_wanted>(e) && where) {
        (void)sending.inside().listens_at(where(), relay.now);
      }
      const auto* late = std::get_if<session::lane_late>(&e);
      if (late == nullptr) return;
      (void)sending.inside().lane_ended(late->lane, error{errc::timed_out}, relay.now);
    };
    relay.connect(sending);
    relay.connect(receiving);
  }

  void run_for(duration time) {
    const instant end = relay.now + time;
    relay.run(time);
    relay.now = std::max(relay.now, end);
  }

  /// Both ends of the first direct lane that was announced prove to hold its key.
  void open_first() {
    const stream_id id = sending.all_of<session::direct_expected>().at(0).lanes.at(0).lane;
    for_both([id](auto& one) {
      ASSERT_TRUE(one.take_lane(id));
      one.lane_opened(id);
    });
  }
  void end_first() {
    const stream_id id = sending.all_of<session::direct_expected>().at(0).lanes.at(0).lane;
    for_both([&](auto& one) { (void)one.lane_ended(id, error{errc::connection_lost}, relay.now); });
    sending.timeout(relay.now);
    receiving.timeout(relay.now);
  }

  void expect_done() {
    relay.run();
    EXPECT_TRUE(sending.succeeded());
    EXPECT_TRUE(receiving.succeeded());
    EXPECT_EQ(sink.files().size(), files.size());
  }
  void expect_failure(errc why) {
    relay.run();
    EXPECT_EQ(sending.failure(), why);
    EXPECT_EQ(receiving.failure(), why);
    EXPECT_TRUE(sink.files().empty());
  }

  /// Where the sender says that it listens; none: it does not answer.
  std::function<std::vector<direct_address>()> where = [] {
    return std::vector{told("192.168.0.7"), told("fd00::7")};
  };

  std::vector<transfer::memory_file> files{numbered_file("a", 100'000), numbered_file("b", 1)};
  transfer::memory_source source{files};
  transfer::memory_sink sink{{3, 4}};
  memory_sender sender;
  memory_receiver receiver;
  simulated_relay relay;
  session_peer<memory_sender> sending;
  session_peer<memory_receiver> receiving;

 private:
  template <class Do>
  void for_both(Do act) {
    act(sending.inside());
    act(receiving.inside());
  }

  static transfer::sender_options to_send(direct_use wanted, bool verify) {
    transfer::sender_options options;
    options.chunk_bytes = limits::chunk_bytes_min;
    options.verify = verify;
    options.direct = wanted;
    return options;
  }
  static transfer::receiver_options to_receive(direct_use wanted) {
    transfer::receiver_options options;
    options.direct = wanted;
    return options;
  }
};

}  // namespace tallow::test
