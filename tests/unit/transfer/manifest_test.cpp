#include <gtest/gtest.h>

#include <tallow/transfer/manifest.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {
namespace {

entry entry_with_path(std::size_t length) {
  entry e;
  e.path.assign(length, 'x');
  e.size = UINT64_MAX;
  e.mode = 07777;
  e.mtime_ns = INT64_MIN;
  return e;
}

// Whatever goes on a page, the page goes into one record.
TEST(PageBuilder, MakesPagesThatFitARecord) {
  for (const std::size_t length : {std::size_t{1}, std::size_t{100}, limits::path_bytes_max}) {
    page_builder builder;
    const entry e = entry_with_path(length);
    std::size_t count = 0;
    for (; builder.fits(e); ++count) builder.add(e);
    EXPECT_GT(count, 0U);
    const manifest_page page = builder.take(false);
    EXPECT_EQ(page.entries.size(), count);
    byte_buffer plaintext;
    append_sealed_plaintext(plaintext, page);
    EXPECT_LE(plaintext.size(), limits::control_plaintext_bytes_max);
    EXPECT_TRUE(decode_body<manifest_page>(byte_view(plaintext).subspan(1)).has_value());
  }
}

TEST(PageBuilder, NumbersPagesAndEntries) {
  page_builder builder;
  builder.add(entry_with_path(1));
  builder.add(entry_with_path(2));
  const manifest_page first = builder.take(false);
  EXPECT_EQ(first.page.value, 0U);
  EXPECT_EQ(first.first.value, 0U);
  EXPECT_TRUE(builder.empty());
  builder.add(entry_with_path(3));
  const manifest_page second = builder.take(true);
  EXPECT_EQ(second.page.value, 1U);
  EXPECT_EQ(second.first.value, 2U);
  EXPECT_TRUE(second.last);
  EXPECT_EQ(second.entries.size(), 1U);
}

TEST(ManifestHash, IsTheHashOfTheEncodedPages) {
  page_builder builder;
  builder.add(entry_with_path(5));
  const manifest_page page = builder.take(true);
  manifest_hash hash;
  hash.add_page(page);
  byte_buffer body;
  encode_body(body, page);
  EXPECT_EQ(hash.digest(), crypto::sha512({crypto::length_prefix(body.size()), body}));
}

TEST(ManifestHash, DependsOnTheOrderOfPages) {
  page_builder builder;
  builder.add(entry_with_path(5));
  const manifest_page one = builder.take(false);
  builder.add(entry_with_path(6));
  const manifest_page two = builder.take(true);
  manifest_hash forward;
  forward.add_page(one);
  forward.add_page(two);
  manifest_hash backward;
  backward.add_page(two);
  backward.add_page(one);
  EXPECT_NE(forward.digest(), backward.digest());
}

}  // namespace
}  // namespace tallow::transfer
