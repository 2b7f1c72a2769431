#include <stdexcept>

#include <gtest/gtest.h>

#include <tallow/crypto/guard.hpp>

namespace tallow::crypto {
namespace {

template <class Exception>
errc code_of(Exception thrown) {
  const auto r =
      detail::guarded(errc::authentication_failed, [&]() -> result<int> { throw thrown; });
  return r.error().code;
}

TEST(Guard, TurnsExceptionsIntoErrors) {
  EXPECT_EQ(code_of(Botan::PRNG_Unseeded("x")), errc::random_failed);
  EXPECT_EQ(code_of(Botan::System_Error("x")), errc::random_failed);
  EXPECT_EQ(code_of(Botan::Invalid_Argument("x")), errc::authentication_failed);
  EXPECT_EQ(code_of(Botan::Decoding_Error("x")), errc::authentication_failed);
  EXPECT_EQ(code_of(Botan::Invalid_Authentication_Tag("x")), errc::authentication_failed);
  EXPECT_EQ(code_of(Botan::Internal_Error("x")), errc::crypto_failed);
  EXPECT_EQ(code_of(Botan::Lookup_Error("x")), errc::crypto_failed);
  EXPECT_EQ(code_of(std::runtime_error("x")), errc::crypto_failed);
}

TEST(Guard, LetsLackOfMemoryThrough) { EXPECT_THROW(code_of(std::bad_alloc()), std::bad_alloc); }

TEST(Guard, PassesValuesAndErrorsOn) {
  EXPECT_EQ(*detail::guarded(errc::crypto_failed, []() -> result<int> { return 7; }), 7);
  const auto failed = detail::guarded(errc::crypto_failed,
                                      []() -> result<int> { return fail(errc::truncated, 3); });
  EXPECT_EQ(failed.error(), (error{errc::truncated, 3, "", {}}));
}

}  // namespace
}  // namespace tallow::crypto
