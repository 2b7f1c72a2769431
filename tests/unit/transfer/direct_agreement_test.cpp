#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/direct_agreement.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>

namespace tallow::transfer {
namespace {

setup setup_of(direct_use wanted) {
  setup m;
  m.direct = wanted;
  return m;
}

std::optional<direct_use> both(direct_use here, direct_use there) {
  direct_agreement made(here);
  const auto done = made.met(setup_of(there));
  if (!done) {
    EXPECT_EQ(done.error().code, errc::direct_unavailable);
    return std::nullopt;
  }
  return made.agreed();
}

TEST(DirectAgreement, IsTheSameFromBothSides) {
  using enum direct_use;
  for (const direct_use here : {never, preferred, required}) {
    for (const direct_use there : {never, preferred, required}) {
      EXPECT_EQ(both(here, there), both(there, here));
    }
  }
  EXPECT_EQ(both(preferred, preferred), preferred);
  EXPECT_EQ(both(preferred, required), required);
  EXPECT_EQ(both(preferred, never), never);
  EXPECT_EQ(both(required, required), required);
  EXPECT_EQ(both(never, never), never);
  EXPECT_EQ(both(never, required), std::nullopt);
}

TEST(DirectAgreement, WaitsForTheOtherSideWhereItMatters) {
  EXPECT_EQ(direct_agreement(direct_use::never).agreed(), direct_use::never);
  EXPECT_EQ(direct_agreement(direct_use::preferred).agreed(), std::nullopt);
  EXPECT_EQ(direct_agreement(direct_use::required).agreed(), std::nullopt);
}

TEST(DirectAgreement, IsMadeBySetup) {
  const std::vector<memory_file> nothing;
  memory_source source(nothing);
  memory_sink sink{{3, 4}};
  sender_options to_send;
  to_send.direct = direct_use::preferred;
  receiver_options to_receive;
  to_receive.direct = direct_use::required;
  sender from(source, to_send);
  receiver<memory_sink> into(sink, {}, to_receive);
  const auto say = [](auto& one, auto& other) {
    const auto said = one.poll_message({});
    ASSERT_TRUE(said && *said);
    ASSERT_TRUE(visit_sealed(
        **said, [&](auto&& m) { return other.handle(std::forward<decltype(m)>(m), {}); }));
  };
  say(from, into);
  say(into, from);
  EXPECT_EQ(from.direct().agreed(), direct_use::required);
  EXPECT_EQ(into.direct().agreed(), direct_use::required);
}

}  // namespace
}  // namespace tallow::transfer
