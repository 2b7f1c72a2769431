#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/chunk_window.hpp>
#include <tallow/transfer/claims.hpp>

#include "fuzz/seeded_random.hpp"
#include "support/code_of.hpp"

namespace tallow::transfer {
namespace {

using test::code_of;

constexpr std::uint64_t all_known = 1'000'000'000;

chunk_range range(std::uint64_t first, std::uint64_t count) { return {chunk_index{first}, count}; }

chunk_set set_of(std::initializer_list<chunk_range> ranges) {
  chunk_set set;
  for (const chunk_range& r : ranges) set.insert(r);
  return set;
}

chunk_hash hash_of(chunk_index chunk) {
  chunk_hash hash{};
  store_big_endian(chunk.value, byte_span(hash).first<8>());
  return hash;
}

have claims_of(std::uint64_t first, std::uint64_t count) {
  have m{chunk_index{first}, {}};
  for (std::uint64_t i = 0; i < count; ++i) m.hashes.push_back(hash_of(chunk_index{first + i}));
  return m;
}

/// Hashes all that may be hashed now.
std::size_t hash_all(claim_maker& maker, std::uint64_t known_below = all_known) {
  std::size_t count = 0;
  while (const auto chunk = maker.next_chunk_to_hash(known_below)) {
    maker.hashed(*chunk, hash_of(*chunk));
    ++count;
  }
  return count;
}

// ---- the receiver ----

TEST(ClaimMaker, SaysNothingWhenNothingIsClaimed) {
  claim_maker maker{chunk_set{}};
  EXPECT_EQ(maker.poll_message(), std::nullopt);
  EXPECT_EQ(maker.next_chunk_to_hash(all_known), std::nullopt);
  EXPECT_TRUE(maker.done());
  EXPECT_TRUE(maker.take_data(chunk_index{7}));
}

TEST(ClaimMaker, SaysWhereClaimsBeginBeforeItHasAHash) {
  claim_maker maker(set_of({range(5, 3)}));
  EXPECT_EQ(maker.poll_message(), claims_of(5, 0));
  EXPECT_EQ(maker.poll_message(), std::nullopt);
  claim_maker from_zero(set_of({range(0, 3)}));
  EXPECT_EQ(from_zero.poll_message(), claims_of(0, 0));
}

TEST(ClaimMaker, SaysARangeWhenItsHashesAreThere) {
  claim_maker maker(set_of({range(5, 3), range(100, 1)}));
  (void)maker.poll_message();
  const std::vector<chunk_index> order{*maker.next_chunk_to_hash(all_known),
                                       *maker.next_chunk_to_hash(all_known),
                                       *maker.next_chunk_to_hash(all_known)};
  EXPECT_EQ(order, (std::vector{chunk_index{5}, chunk_index{6}, chunk_index{7}}));
  for (const std::uint64_t c : {7U, 5U, 6U}) {
    EXPECT_EQ(maker.poll_message(), std::nullopt);
    maker.hashed(chunk_index{c}, hash_of(chunk_index{c}));
  }
  EXPECT_EQ(maker.poll_message(), claims_of(5, 3));
  EXPECT_EQ(maker.poll_message(), claims_of(100, 0));
  EXPECT_EQ(maker.poll_message(), std::nullopt);
  EXPECT_EQ(hash_all(maker), 1U);
  EXPECT_EQ(maker.poll_message(), claims_of(100, 1));
  EXPECT_FALSE(maker.done());
  EXPECT_EQ(maker.poll_message(), (have{claims_end, {}}));
  EXPECT_EQ(maker.poll_message(), std::nullopt);
  EXPECT_FALSE(maker.done());
  EXPECT_TRUE(maker.handle(ack{{range(5, 3), range(100, 1)}}));
  EXPECT_TRUE(maker.done());
  EXPECT_TRUE(maker.confirmed() == set_of({range(5, 3), range(100, 1)}));
}

TEST(ClaimMaker, LeavesOutWhatCannotBeRead) {
  claim_maker maker(set_of({range(0, 5)}));
  (void)maker.poll_message();
  while (maker.next_chunk_to_hash(all_known)) {
  }
  maker.drop(chunk_index{0});
  maker.drop(chunk_index{3});
  for (const std::uint64_t c : {1U, 2U, 4U}) {
    maker.hashed(chunk_index{c}, hash_of(chunk_index{c}));
  }
  maker.hashed(chunk_index{77}, {});  // never given out: ignored
  EXPECT_EQ(maker.poll_message(), claims_of(1, 0));
  EXPECT_EQ(maker.poll_message(), claims_of(1, 2));
  EXPECT_EQ(maker.poll_message(), claims_of(4, 0));
  EXPECT_EQ(maker.poll_message(), claims_of(4, 1));
  EXPECT_EQ(maker.poll_message(), (have{claims_end, {}}));
}

TEST(ClaimMaker, SaysThatNothingIsLeftToClaim) {
  claim_maker maker(set_of({range(3, 2)}));
  while (const auto chunk = maker.next_chunk_to_hash(all_known)) maker.drop(*chunk);
  EXPECT_EQ(maker.poll_message(), (have{claims_end, {}}));
  EXPECT_EQ(maker.poll_message(), std::nullopt);
  EXPECT_TRUE(maker.done());
}

TEST(ClaimMaker, ClaimsOnlyWhatIsKnown) {
  claim_maker maker(set_of({range(0, 10)}));
  (void)maker.poll_message();
  EXPECT_EQ(hash_all(maker, 4), 4U);
  EXPECT_EQ(maker.poll_message(), std::nullopt);  // the range goes on
  EXPECT_EQ(hash_all(maker, 10), 6U);
  EXPECT_EQ(maker.poll_message(), claims_of(0, 10));
}

TEST(ClaimMaker, ClaimsNothingBeyondTheLastChunk) {
  claim_maker maker(set_of({range(0, 10), range(50, 5)}));
  (void)maker.poll_message();
  EXPECT_EQ(hash_all(maker, 8), 8U);
  EXPECT_EQ(maker.poll_message(), std::nullopt);
  maker.drop_from(8);
  EXPECT_EQ(maker.poll_message(), claims_of(0, 8));
  EXPECT_EQ(maker.poll_message(), (have{claims_end, {}}));
  EXPECT_EQ(maker.next_chunk_to_hash(all_known), std::nullopt);
}

TEST(ClaimMaker, NeitherHashesNorSaysMoreThanIsAnswered) {
  claim_maker maker(set_of({range(0, 100'000)}));
  EXPECT_EQ(hash_all(maker), claims_open_max);
  std::uint64_t said = 0;
  while (const auto m = maker.poll_message()) {
    EXPECT_LE(m->hashes.size(), limits::have_hashes_max);
    said += m->hashes.size();
  }
  EXPECT_GT(said, claims_open_max - 256);  // the rest waits for more hashes
  EXPECT_EQ(hash_all(maker), 0U);
  EXPECT_TRUE(maker.handle(ack{{range(10, 300)}}));
  for (std::uint64_t c = 0; c < 10; ++c) EXPECT_TRUE(maker.take_data(chunk_index{c}));
  EXPECT_EQ(hash_all(maker), 310U);
  EXPECT_EQ(maker.poll_message(), claims_of(said, claims_open_max + 310 - said));
}

TEST(ClaimMaker, GathersHashesIntoFewMessages) {
  claim_maker maker(set_of({range(0, 10'000)}));
  std::size_t messages = 0;
  while (const auto chunk = maker.next_chunk_to_hash(all_known)) {
    maker.hashed(*chunk, hash_of(*chunk));
    while (maker.poll_message()) ++messages;
  }
  EXPECT_LE(messages, 1 + claims_open_max / 256);
}

TEST(ClaimMaker, GivesUpClaimsInTooManyRanges) {
  chunk_set claimed;
  for (std::uint64_t i = 0; i < claim_runs_max + 5; ++i) claimed.insert(chunk_index{2 * i});
  claim_maker maker(claimed);
  std::uint64_t said = 0;
  std::optional<have> last;
  for (bool more = true; more;) {
    more = hash_all(maker) > 0;
    while (auto m = maker.poll_message()) {
      more = true;
      said += m->hashes.size();
      const chunk_range all{m->first, m->hashes.size()};
      ASSERT_TRUE(all.count == 0 || maker.handle(ack{{all}}).has_value());
      last = std::move(m);
    }
  }
  EXPECT_EQ(said, claim_runs_max);
  EXPECT_EQ(last, (have{claims_end, {}}));
  EXPECT_TRUE(maker.done());
}

TEST(ClaimMaker, TakesDataAsARefusal) {
  claim_maker maker(set_of({range(5, 3)}));
  (void)maker.poll_message();
  hash_all(maker);
  EXPECT_TRUE(maker.take_data(chunk_index{4}));                                 // never claimed
  EXPECT_EQ(code_of(maker.take_data(chunk_index{5})), errc::chunk_unexpected);  // not said yet
  (void)maker.poll_message();
  EXPECT_TRUE(maker.take_data(chunk_index{6}));
  EXPECT_EQ(code_of(maker.handle(ack{{range(5, 3)}})), errc::chunk_unexpected);
  EXPECT_TRUE(maker.handle(ack{{range(5, 1), range(7, 1)}}));
  EXPECT_EQ(code_of(maker.take_data(chunk_index{7})), errc::chunk_repeated);
  EXPECT_EQ(code_of(maker.take_data(chunk_index{8})), errc::chunk_unexpected);
  EXPECT_EQ(maker.poll_message(), (have{claims_end, {}}));
  EXPECT_TRUE(maker.take_data(chunk_index{8}));
  EXPECT_TRUE(maker.done());
  maker.forget_below(6);
  EXPECT_TRUE(maker.confirmed() == set_of({range(7, 1)}));
}

TEST(ClaimMaker, RefusesToBeConfirmedWhatItHasNotClaimed) {
  for (const chunk_range bad :
       {range(4, 1), range(5, 4), range(8, 1), range(5, 0), range(5, UINT64_MAX),
        range(UINT64_MAX, 1), range(UINT64_MAX - 1, 2), range(UINT64_MAX - 1, 1)}) {
    claim_maker maker(set_of({range(5, 3), range(9, 1)}));
    hash_all(maker);
    EXPECT_EQ(code_of(maker.handle(ack{{range(5, 3)}})), errc::chunk_unexpected);
    while (maker.poll_message()) {
    }
    EXPECT_EQ(code_of(maker.handle(ack{{bad}})), errc::chunk_unexpected) << bad.first.value;
    EXPECT_TRUE(maker.confirmed().empty());
    EXPECT_TRUE(maker.handle(ack{{range(5, 3)}}));
    EXPECT_EQ(code_of(maker.handle(ack{{range(6, 1)}})), errc::chunk_unexpected);  // again
  }
}

// ---- the sender ----

TEST(ClaimChecker, TakesAllForMissingWithoutClaims) {
  claim_checker checker;
  EXPECT_EQ(checker.state_of(chunk_index{0}), claim_state::missing);
  checker.first_page_accepted();
  EXPECT_EQ(checker.state_of(chunk_index{12345}), claim_state::missing);
  EXPECT_EQ(checker.settled_below(), UINT64_MAX);
  EXPECT_EQ(code_of(checker.handle(claims_of(0, 1), all_known)), errc::peer_message_unexpected);
  EXPECT_EQ(checker.state_of(chunk_index{0}), claim_state::missing);
}

TEST(ClaimChecker, KnowsWhatIsMissingAsFarAsClaimsHaveCome) {
  claim_checker checker;
  ASSERT_TRUE(checker.handle(claims_of(2, 0), 0));
  checker.first_page_accepted();
  EXPECT_EQ(checker.state_of(chunk_index{1}), claim_state::missing);
  EXPECT_EQ(checker.state_of(chunk_index{2}), claim_state::unknown);
  ASSERT_TRUE(checker.handle(claims_of(2, 3), 100));
  EXPECT_EQ(checker.state_of(chunk_index{4}), claim_state::claimed);
  EXPECT_EQ(checker.state_of(chunk_index{5}), claim_state::unknown);
  ASSERT_TRUE(checker.handle(claims_of(8, 1), 100));  // the gap says it too
  EXPECT_EQ(checker.state_of(chunk_index{5}), claim_state::missing);
  EXPECT_EQ(checker.state_of(chunk_index{8}), claim_state::claimed);
  ASSERT_TRUE(checker.handle(have{claims_end, {}}, 100));
  EXPECT_EQ(checker.state_of(chunk_index{9}), claim_state::missing);
  EXPECT_EQ(code_of(checker.handle(have{claims_end, {}}, 100)), errc::chunk_unexpected);
}

TEST(ClaimChecker, ConfirmsWhatIsEqualAndHasTheRestSent) {
  claim_checker checker;
  ASSERT_TRUE(checker.handle(claims_of(0, 6), 100));
  ASSERT_TRUE(checker.handle(have{claims_end, {}}, 100));
  std::vector<chunk_index> given;
  while (const auto c = checker.next_to_compare()) {
    EXPECT_EQ(c->hash, hash_of(c->chunk));
    given.push_back(c->chunk);
  }
  EXPECT_EQ(given.size(), 6U);
  EXPECT_FALSE(checker.has_answer());
  EXPECT_EQ(checker.settled_below(), 0U);
  for (const std::uint64_t c : {5U, 0U, 1U, 3U, 4U}) {
    ASSERT_TRUE(checker.compared(chunk_index{c}, c != 1 && c != 4));
  }
  EXPECT_EQ(checker.settled_below(), 1U);
  EXPECT_TRUE(checker.has_answer());
  EXPECT_EQ(checker.poll_answer(), (ack{{range(0, 1), range(3, 1), range(5, 1)}}));
  EXPECT_EQ(checker.poll_answer(), std::nullopt);
  EXPECT_EQ(checker.next_refused(1), std::nullopt);
  EXPECT_EQ(checker.next_refused(100), chunk_index{1});
  EXPECT_EQ(checker.settled_below(), 2U);
  EXPECT_EQ(checker.next_refused(100), chunk_index{4});
  EXPECT_EQ(checker.next_refused(100), std::nullopt);
  ASSERT_TRUE(checker.compared(chunk_index{2}, true));
  EXPECT_EQ(checker.settled_below(), UINT64_MAX);
  // Those that are sent again are not sent in their turn as well.
  EXPECT_EQ(checker.state_of(chunk_index{4}), claim_state::claimed);
  EXPECT_TRUE(checker.confirmed() == set_of({range(0, 1), range(2, 2), range(5, 1)}));
  checker.forget_below(3);
  EXPECT_TRUE(checker.confirmed() == set_of({range(3, 1), range(5, 1)}));
}

TEST(ClaimChecker, ConfirmsNothingThatWasNotClaimedAndCompared) {
  claim_checker checker;
  ASSERT_TRUE(checker.handle(claims_of(0, 3), 100));
  EXPECT_EQ(code_of(checker.compared(chunk_index{0}, true)), errc::wrong_state);
  (void)checker.next_to_compare();
  EXPECT_EQ(code_of(checker.compared(chunk_index{1}, true)), errc::wrong_state);
  EXPECT_EQ(code_of(checker.compared(chunk_index{50}, true)), errc::wrong_state);
  ASSERT_TRUE(checker.compared(chunk_index{0}, true));
  EXPECT_EQ(code_of(checker.compared(chunk_index{0}, true)), errc::wrong_state);
  EXPECT_EQ(checker.poll_answer(), (ack{{range(0, 1)}}));
  EXPECT_TRUE(checker.confirmed() == set_of({range(0, 1)}));
}

TEST(ClaimChecker, RefusesClaimsThatBreakTheRules) {
  claim_checker good;
  ASSERT_TRUE(good.handle(claims_of(10, 0), 0));
  ASSERT_TRUE(good.handle(claims_of(10, 5), 1000));
  const std::vector<have> bad{claims_of(14, 1),          // twice
                              claims_of(10, 5),          //
                              claims_of(12, 8),          // in part
                              claims_of(3, 1),           // after it was said that it is missing
                              claims_of(3, 0),           // back
                              claims_of(15, 0),          // nothing new
                              claims_of(1000, 1),        // not known
                              claims_of(999, 2),         // the last of them
                              claims_of(UINT64_MAX, 1),  // past all numbers
                              claims_of(UINT64_MAX - 1, 2)};
  for (const have& m : bad) {
    claim_checker checker = good;
    EXPECT_EQ(code_of(checker.handle(m, 1000)), errc::chunk_unexpected)
        << m.first.value << ' ' << m.hashes.size();
    EXPECT_EQ(checker.state_of(chunk_index{999}), claim_state::unknown);
    EXPECT_TRUE(checker.handle(claims_of(15, 985), 1000));
  }
  EXPECT_EQ(code_of(claim_checker().handle(claims_of(0, 1), 0)), errc::chunk_unexpected);
}

TEST(ClaimChecker, RefusesMoreClaimsThanMayBeOpen) {
  claim_checker checker;
  ASSERT_TRUE(checker.handle(claims_of(0, 2000), all_known));
  ASSERT_TRUE(checker.handle(claims_of(2000, 2000), all_known));
  claim_checker full = checker;
  EXPECT_EQ(code_of(full.handle(claims_of(4000, 97), all_known)), errc::chunk_unexpected);
  ASSERT_TRUE(checker.handle(claims_of(4000, 96), all_known));
  // What is refused stays open until it is sent.
  for (int i = 0; i < 10; ++i) {
    const auto c = checker.next_to_compare();
    ASSERT_TRUE(checker.compared(c->chunk, i % 2 == 0));
  }
  full = checker;
  EXPECT_EQ(code_of(full.handle(claims_of(4096, 6), all_known)), errc::chunk_unexpected);
  EXPECT_TRUE(checker.next_refused(100));
  EXPECT_TRUE(checker.handle(claims_of(4096, 6), all_known));
}

TEST(ClaimChecker, RefusesClaimsInTooManyRanges) {
  claim_checker checker;
  errc code{};
  std::uint64_t runs = 0;
  for (std::uint64_t c = 0; code == errc{} && runs < 2 * claim_runs_max; c += 2, ++runs) {
    code = code_of(checker.handle(claims_of(c, 1), all_known));
    if (const auto next = checker.next_to_compare()) (void)checker.compared(next->chunk, true);
    (void)checker.poll_answer();
  }
  EXPECT_EQ(code, errc::chunk_unexpected);
  EXPECT_GE(runs, claim_runs_max);
  EXPECT_LE(runs, claim_runs_max + 2);
}

TEST(ClaimChecker, AnswersInMessagesOfAllowedSize) {
  claim_checker checker;
  for (std::uint64_t first = 0; first < 20'000; first += 2000) {
    ASSERT_TRUE(checker.handle(claims_of(first, 2000), all_known));
    while (const auto c = checker.next_to_compare()) {
      ASSERT_TRUE(checker.compared(c->chunk, first >= 10'000 || c->chunk.value % 2 == 0));
    }
    while (checker.next_refused(all_known)) {
    }
  }
  chunk_set told;
  while (const auto m = checker.poll_answer()) {
    EXPECT_LE(m->ranges.size(), limits::ack_ranges_max);
    for (const chunk_range& r : m->ranges) {
      EXPECT_LE(r.count, limits::chunk_window);
      told.insert(r);
    }
  }
  EXPECT_TRUE(told == checker.confirmed());
  EXPECT_EQ(told.chunk_count(), 15'000U);
}

// ---- both, with the window between them ----

/// A resumed transfer: two machines, the rule of the window, and lanes that deliver in any order.
class resumed_transfer {
 public:
  resumed_transfer(std::uint64_t seed, std::uint64_t chunk_count)
      : random_(seed), count_(chunk_count), maker_(make_claims()) {}

  /// Runs to the end. False when nothing moves any more.
  bool run() {
    for (std::uint64_t idle = 0; !finished(); ++idle) {
      if (idle > 2000 || ::testing::Test::HasFailure()) return false;
      if (step()) idle = 0;
    }
    return true;
  }

  void check() const {
    for (std::uint64_t c = 0; c < count_; ++c) {
      const bool kept = claimed_.contains(chunk_index{c}) && !wrong_.contains(c);
      // A claim that could not be read was dropped, and its chunk sent.
      ASSERT_EQ(sent_.count(c), kept && !dropped_.contains(c) ? 0U : 1U) << c;
    }
    EXPECT_TRUE(maker_.done());
    EXPECT_EQ(checker_.settled_below(), UINT64_MAX);
  }
  [[nodiscard]] bool sent_before_all_was_compared() const { return early_ > 0; }

 private:
  chunk_set make_claims() {
    for (std::uint64_t at = 0; at < count_;) {
      const std::uint64_t length = 1 + random_.below(random_.below(8) == 0 ? 6000 : 60);
      if (random_.below(3) != 0) {
        claimed_.insert({chunk_index{at}, std::min(length, count_ - at)});
      }
      at += length;
    }
    claimed_.insert({chunk_index{count_ + random_.below(100)}, 1 + random_.below(100)});
    const std::size_t one_in = 1 + random_.below(50);
    for (std::uint64_t c = 0; c < count_; ++c) {
      if (!claimed_.contains(chunk_index{c})) continue;
      if (random_.below(one_in) == 0) wrong_.insert(c);
      if (random_.below(100) == 0) dropped_.insert(c);
    }
    return claimed_;
  }

  bool step() {
    switch (random_.below(8)) {
      case 0: return learn_more();
      case 1: return give_out_hash();
      case 2: return finish_hash();
      case 3: return carry_have();
      case 4: return compare();
      case 5: return carry_answer();
      case 6: return send();
      default: return deliver();
    }
  }

  bool learn_more() {
    if (known_ == count_) return false;
    if (known_ == 0) {
      // The first page: claims are announced before it is accepted.
      while (auto m = maker_.poll_message()) take(*m);
      checker_.first_page_accepted();
    }
    known_ = std::min(count_, known_ + 1 + random_.below(5000));
    if (known_ == count_) maker_.drop_from(count_);
    return true;
  }

  bool give_out_hash() {
    bool any = false;
    for (std::size_t n = random_.below(300); n > 0; --n) {
      const auto chunk = maker_.next_chunk_to_hash(known_);
      if (!chunk) break;
      hashing_.push_back(*chunk);
      any = true;
    }
    return any;
  }

  bool finish_hash() {
    if (hashing_.empty()) return false;
    for (std::size_t n = random_.below(300); n > 0 && !hashing_.empty(); --n) {
      const auto at =
          hashing_.begin() +
          static_cast<std::ptrdiff_t>(random_.below(std::min<std::size_t>(hashing_.size(), 4)));
      if (dropped_.contains(at->value)) {
        maker_.drop(*at);
      } else {
        maker_.hashed(*at, wrong_.contains(at->value) ? chunk_hash{} : hash_of(*at));
      }
      hashing_.erase(at);
    }
    return true;
  }

  void take(const have& m) {
    if (auto done = checker_.handle(m, known_); !done) ADD_FAILURE() << describe(done.error());
  }
  bool carry_have() {
    const auto m = known_ == 0 ? std::nullopt : maker_.poll_message();
    if (!m) return false;
    take(*m);
    return true;
  }

  bool compare() {
    bool any = false;
    for (std::size_t n = random_.below(300); n > 0; --n) {
      const auto c = checker_.next_to_compare();
      if (!c) break;
      // Chunk 0's hash is all zeros, as that of wrong chunks.
      const bool same = c->hash == hash_of(c->chunk) && !wrong_.contains(c->chunk.value);
      EXPECT_TRUE(checker_.compared(c->chunk, same));
      any = true;
    }
    return any;
  }

  bool carry_answer() {
    const auto m = checker_.poll_answer();
    if (!m) return false;
    if (auto done = maker_.handle(*m); !done) ADD_FAILURE() << describe(done.error());
    settle();
    return true;
  }

  // As a scheduler does it.
  bool send() {
    while (const auto chunk = checker_.next_refused(next_)) put_on_lane(*chunk);
    while (next_ < known_ && sender_window_.may_hold(chunk_index{next_})) {
      const chunk_index chunk{next_};
      const claim_state state = checker_.state_of(chunk);
      if (state == claim_state::unknown) return false;
      ++next_;
      if (state == claim_state::claimed) continue;
      put_on_lane(chunk);
      return true;
    }
    settle();
    return false;
  }
  void put_on_lane(chunk_index chunk) {
    ASSERT_TRUE(sent_.insert(chunk.value).second) << "sent twice: " << chunk.value;
    if (checker_.settled_below() != UINT64_MAX) ++early_;
    lanes_.push_back(chunk);
  }

  bool deliver() {
    if (lanes_.empty()) return false;
    for (std::size_t n = 1 + random_.below(100); n > 0 && !lanes_.empty(); --n) {
      const auto at = lanes_.begin() + static_cast<std::ptrdiff_t>(
                                           random_.below(std::min<std::size_t>(lanes_.size(), 4)));
      const chunk_index chunk = *at;
      lanes_.erase(at);
      auto taken = maker_.take_data(chunk);
      if (taken) taken = receiver_window_.insert(chunk);
      if (taken) taken = sender_window_.insert(chunk);  // acknowledged at once
      if (!taken) ADD_FAILURE() << chunk.value << ' ' << describe(taken.error());
    }
    settle();
    return true;
  }

  void settle() {
    receiver_window_.advance(
        [&](chunk_index c) { return c.value + (maker_.confirmed().contains(c) ? 1U : 0U); });
    maker_.forget_below(receiver_window_.prefix());
    sender_window_.advance([&](chunk_index c) {
      const bool is_done = c.value < next_ && checker_.confirmed().contains(c);
      return c.value + (is_done ? 1U : 0U);
    });
    checker_.forget_below(sender_window_.prefix());
  }

  [[nodiscard]] bool finished() const {
    return receiver_window_.prefix() == count_ && sender_window_.prefix() == count_ &&
           maker_.done();
  }

  fuzz::seeded_random random_;
  std::uint64_t count_;
  chunk_set claimed_;
  std::set<std::uint64_t> wrong_;
  std::set<std::uint64_t> dropped_;
  claim_maker maker_;
  claim_checker checker_;
  std::uint64_t known_ = 0;
  std::uint64_t next_ = 0;
  std::deque<chunk_index> hashing_;
  std::deque<chunk_index> lanes_;
  std::set<std::uint64_t> sent_;
  chunk_window sender_window_;
  chunk_window receiver_window_;
  std::size_t early_ = 0;
};

TEST(Claims, BringEveryTransferToItsEndAndSendNothingThatIsThere) {
  std::size_t early = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE(seed);
    resumed_transfer transfer(seed, 12'000);
    ASSERT_TRUE(transfer.run()) << "nothing moves any more";
    transfer.check();
    early += transfer.sent_before_all_was_compared() ? 1U : 0U;
  }
  EXPECT_EQ(early, 8U);
}

}  // namespace
}  // namespace tallow::transfer
