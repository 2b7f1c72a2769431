#include <gtest/gtest.h>

#include <tallow/session/abort.hpp>

namespace tallow::session {
namespace {

TEST(Abort, TellsThePeerTheKindOfTroubleAndNoMore) {
  EXPECT_EQ(reason_for(errc::cancelled), abort_reason::cancelled);
  EXPECT_EQ(reason_for(errc::transfer_refused), abort_reason::refused);
  EXPECT_EQ(reason_for(errc::disk_full), abort_reason::disk_full);
  EXPECT_EQ(reason_for(errc::permission_denied), abort_reason::file_trouble);
  EXPECT_EQ(reason_for(errc::source_failed), abort_reason::file_trouble);
  EXPECT_EQ(reason_for(errc::chunk_repeated), abort_reason::protocol);
  EXPECT_EQ(reason_for(errc::truncated), abort_reason::protocol);
  EXPECT_EQ(reason_for(errc::quota_too_small), abort_reason::quota);
  EXPECT_EQ(reason_for(errc::role_clash), abort_reason::role_clash);
  EXPECT_EQ(reason_for(errc::direct_unavailable), abort_reason::no_direct);
  EXPECT_EQ(reason_for(errc::out_of_memory), abort_reason::internal);
}

TEST(Abort, MeansTheSameOnTheOtherSide) {
  EXPECT_EQ(error_for(reason_for(errc::cancelled)), errc::peer_cancelled);
  EXPECT_EQ(error_for(reason_for(errc::transfer_refused)), errc::transfer_refused);
  EXPECT_EQ(error_for(reason_for(errc::disk_full)), errc::peer_disk_full);
  EXPECT_EQ(error_for(reason_for(errc::not_found)), errc::peer_file_trouble);
  EXPECT_EQ(error_for(reason_for(errc::chunk_repeated)), errc::peer_aborted);
  EXPECT_EQ(error_for(reason_for(errc::quota_too_small)), errc::quota_too_small);
  EXPECT_EQ(error_for(reason_for(errc::direct_unavailable)), errc::direct_unavailable);
}

TEST(Abort, TakesASpentCodeForAFailedAuthentication) {
  EXPECT_EQ(error_for(leave_reason::spent), errc::authentication_failed);
  EXPECT_EQ(error_for(leave_reason::disconnected), errc::peer_left);
  // A relay that calls an unfinished transfer finished is not believed.
  EXPECT_EQ(error_for(leave_reason::finished), errc::peer_left);
}

}  // namespace
}  // namespace tallow::session
