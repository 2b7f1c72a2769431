#include "tools/tallow-cli/exit_code.hpp"

#include <gtest/gtest.h>

#include "tools/tallow-cli/advice.hpp"

namespace tallow::cli {
namespace {

TEST(ExitCode, IsNeverZeroForAFailure) {
#define TALLOW_X(name, number, blame, text) \
  EXPECT_NE(exit_code_for(errc::name), exit_code::done) << #name;
  TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
}

TEST(ExitCode, IsThatOfTheContract) {
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::authentication_failed)), 3);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::code_spent)), 3);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::frame_type_unknown)), 3);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::connection_lost)), 4);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::peer_left)), 4);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::proxy_unreachable)), 4);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::proxy_refused)), 4);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::proxy_invalid)), 2);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::transfer_refused)), 5);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::not_found)), 6);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::source_changed)), 6);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::disk_full)), 7);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::versions_do_not_meet)), 8);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::code_too_weak)), 2);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::cancelled)), 130);
  EXPECT_EQ(static_cast<int>(exit_code_for(errc::out_of_memory)), 1);
}

}  // namespace
}  // namespace tallow::cli
