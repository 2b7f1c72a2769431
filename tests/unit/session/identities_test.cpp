// Sessions whose sides say who they are.
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/crypto/identity.hpp>
#include <tallow/session/session.hpp>

#include "support/relayed_pair.hpp"

namespace tallow::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view code = "7-crossover-clockwork";

// A transfer whose sender may sign, and whose receiver may demand it.
struct signed_pair {
  signed_pair(const crypto::identity* signer, std::optional<crypto::identity_fingerprint> demanded)
      : sending(sender, want::send, code, 1, relay.now, 10min, false,
                [&](session::session_options& o) { o.signer = signer; }),
        receiving(receiver, want::receive, code, 2, relay.now, 10min, false,
                  [&](session::session_options& o) { o.demanded_signer = demanded; }) {
    receiving.on_event = [this](const session::event& e) {
      if (const auto* found = std::get_if<session::identified>(&e)) who = found->who;
    };
    relay.connect(sending);
    relay.connect(receiving);
  }

  [[nodiscard]] bool succeeded() const { return sending.succeeded() && receiving.succeeded(); }

  std::vector<transfer::memory_file> files{numbered_file("a", 100'000)};
  transfer::memory_source source{files};
  transfer::memory_sink sink{{3, 4}};
  memory_sender sender{source, {{}, limits::chunk_bytes_min}};
  memory_receiver receiver{sink};
  simulated_relay relay;
  session_peer<memory_sender> sending;
  session_peer<memory_receiver> receiving;
  std::optional<crypto::identity_fingerprint> who;
};

class IdentitiesTest : public ::testing::Test {
 protected:
  fixed_rng rng{5};
  crypto::identity alice = crypto::identity::make(rng).value();
  crypto::identity bob = crypto::identity::make(rng).value();
};

TEST_F(IdentitiesTest, AreToldToTheOtherSideBeforeTheOffer) {
  signed_pair pair(&alice, std::nullopt);
  pair.receiving.on_offer = [&](auto& session, instant now) {
    EXPECT_EQ(pair.who, alice.fingerprint());
    (void)session.accept_offer(now);
  };
  pair.relay.run();
  EXPECT_TRUE(pair.succeeded());
  EXPECT_EQ(pair.receiving.count<session::identified>(), 1U);
}

TEST_F(IdentitiesTest, AreNotNeededWhereNobodyAsks) {
  signed_pair pair(nullptr, std::nullopt);
  pair.relay.run();
  EXPECT_TRUE(pair.succeeded());
  EXPECT_FALSE(pair.who);
}

TEST_F(IdentitiesTest, ThatAreDemandedLetTheTransferBegin) {
  signed_pair pair(&alice, alice.fingerprint());
  pair.relay.run();
  EXPECT_TRUE(pair.succeeded());
}

TEST_F(IdentitiesTest, OfSomebodyElseOrMissingEndItBeforeAnythingIsOffered) {
  for (const auto* signer : {&bob, static_cast<crypto::identity*>(nullptr)}) {
    signed_pair pair(signer, alice.fingerprint());
    pair.relay.run();
    EXPECT_EQ(pair.receiving.failure(),
              signer != nullptr ? errc::signer_wrong : errc::signer_missing);
    EXPECT_EQ(pair.sending.failure(), errc::transfer_refused);
    EXPECT_EQ(pair.receiving.count<session::offered>(), 0U);
    EXPECT_TRUE(pair.sink.files().empty());
  }
}

// What a connection has lost is said again on the next, and still holds.
TEST_F(IdentitiesTest, OutliveTheConnectionThatTheyWereStatedOn) {
  std::size_t cut = 0;
  for (std::size_t frames = 3; frames < 30; ++frames) {
    SCOPED_TRACE(frames);
    signed_pair pair(&alice, alice.fingerprint());
    std::size_t left = frames;
    pair.receiving.tap = [&](byte_buffer frame) {
      if (left > 0) --left;
      return std::vector<byte_buffer>{std::move(frame)};
    };
    pair.relay.run(1min, [&] { return left == 0; });
    if (pair.receiving.count<session::secured>() == 0 || pair.sending.over()) continue;
    ++cut;
    pair.relay.disconnect(pair.sending);
    pair.relay.run();
    EXPECT_TRUE(pair.succeeded());
    EXPECT_EQ(pair.receiving.count<session::identified>(), 1U);
  }
  EXPECT_GT(cut, 10U);
}

}  // namespace
}  // namespace tallow::test
