#include <gtest/gtest.h>

#include <tallow/crypto/lv.hpp>

#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

TEST(LvCat, PutsEachLengthBeforeItsPart) {
  EXPECT_EQ(to_hex(lv_cat({as_bytes("1234"), as_bytes("5"), as_bytes(""), as_bytes("678")}).view()),
            "0431323334"
            "0135"
            "00"
            "03363738");
}

TEST(LvCat, WritesLengthsFrom128OnInTwoBytes) {
  const byte_buffer long_part(0x1ff);
  EXPECT_EQ(to_hex(lv_cat({byte_view(long_part).first(127)}).view().first(2)), "7f00");
  EXPECT_EQ(to_hex(lv_cat({byte_view(long_part).first(128)}).view().first(3)), "800100");
  EXPECT_EQ(to_hex(lv_cat({long_part}).view().first(3)), "ff0300");
}

TEST(LvCat, TellsListsApartThatJoinAlike) {
  EXPECT_NE(to_hex(lv_cat({as_bytes("ab"), as_bytes("c")}).view()),
            to_hex(lv_cat({as_bytes("a"), as_bytes("bc")}).view()));
}

}  // namespace
}  // namespace tallow::crypto
