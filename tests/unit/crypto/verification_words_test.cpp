#include <gtest/gtest.h>

#include <tallow/crypto/verification_words.hpp>

namespace tallow::crypto {
namespace {

TEST(VerificationWords, TakeElevenBitsEach) {
  secret_bytes<32> sas;
  for (const auto word : verification_words(sas)) EXPECT_EQ(word, "abandon");
  for (std::byte& b : sas.span()) b = std::byte{0xff};
  for (const auto word : verification_words(sas)) EXPECT_EQ(word, "zoo");
}

TEST(VerificationWords, ChangeWithEachOfTheFirst66BitsAndNoOther) {
  const auto zero = verification_words({});
  for (std::size_t bit = 0; bit < 256; ++bit) {
    secret_bytes<32> sas;
    sas.span()[bit / 8] = static_cast<std::byte>(0x80U >> bit % 8);
    const auto words = verification_words(sas);
    EXPECT_EQ(words != zero, bit < 66) << bit;
    if (bit < 66) {
      EXPECT_EQ(word_index(words[bit / 11]), 1U << (10 - bit % 11));
    }
  }
}

}  // namespace
}  // namespace tallow::crypto
