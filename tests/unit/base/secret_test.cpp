#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <span>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/base/secret.hpp>

namespace {

// Memory that is about to be given back is looked at here, in its last moment.
std::span<const std::byte> watched;
bool given_back = false;
bool given_back_as_zeros = false;

void watch(std::span<const std::byte> bytes) noexcept {
  watched = bytes;
  given_back = false;
}

void look(void* memory) noexcept {
  if (memory == nullptr || memory != static_cast<const void*>(watched.data())) return;
  given_back = true;
  given_back_as_zeros =
      std::all_of(watched.begin(), watched.end(), [](std::byte b) { return b == std::byte{0}; });
  watched = {};
}

}  // namespace

void* operator new(std::size_t count) {
  if (void* memory = std::malloc(count)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  look(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace {

using tallow::byte_buffer;
using tallow::byte_view;
using tallow::secret_buffer;
using tallow::secret_bytes;

constexpr std::array<std::byte, 4> key{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};

bool all_zero(byte_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

TEST(Wipe, OverwritesWithZeros) {
  byte_buffer bytes(100, std::byte{0xAA});
  tallow::wipe(bytes);
  EXPECT_TRUE(all_zero(bytes));
  tallow::wipe({});
}

TEST(EqualConstantTime, ComparesEveryByte) {
  byte_buffer a(33, std::byte{0x5A});
  EXPECT_TRUE(tallow::equal_constant_time(a, byte_buffer(a)));
  EXPECT_TRUE(tallow::equal_constant_time({}, {}));
  EXPECT_FALSE(tallow::equal_constant_time(a, byte_view(a).first(32)));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      byte_buffer b(a);
      b[i] ^= std::byte{1} << bit;
      EXPECT_FALSE(tallow::equal_constant_time(a, b)) << i << ' ' << bit;
    }
  }
  // Differences that cancel each other out in a sum.
  byte_buffer b(a);
  b[0] ^= std::byte{0xFF};
  b[1] ^= std::byte{0xFF};
  EXPECT_FALSE(tallow::equal_constant_time(a, b));
}

TEST(SecretBytes, CannotBeCopiedUnasked) {
  static_assert(!std::is_copy_constructible_v<secret_bytes<32>>);
  static_assert(!std::is_copy_assignable_v<secret_bytes<32>>);
  static_assert(std::is_nothrow_move_constructible_v<secret_bytes<32>>);
  static_assert(!std::is_copy_constructible_v<secret_buffer>);
  static_assert(!std::is_copy_assignable_v<secret_buffer>);
  static_assert(std::is_nothrow_move_constructible_v<secret_buffer>);
}

template <class T>
concept printable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(SecretBytes, CannotBePrinted) {
  static_assert(!printable<secret_bytes<32>>);
  static_assert(!printable<secret_buffer>);
}

TEST(SecretBytes, StartsAsZeros) { EXPECT_TRUE(all_zero(secret_bytes<8>().view())); }

TEST(SecretBytes, HoldsWhatItWasGiven) {
  const secret_bytes<4> secret(key);
  EXPECT_TRUE(tallow::equal(secret.view(), key));
  EXPECT_EQ(secret.clone(), secret);
  EXPECT_FALSE(secret == secret_bytes<4>());
}

TEST(SecretBytes, WipesTheSourceOfAMove) {
  secret_bytes<4> source(key);
  secret_bytes<4> target(std::move(source));
  EXPECT_TRUE(all_zero(source.view()));  // NOLINT: what was moved from is looked at
  EXPECT_TRUE(tallow::equal(target.view(), key));
  secret_bytes<4> assigned;
  assigned = std::move(target);
  EXPECT_TRUE(all_zero(target.view()));  // NOLINT: as above
  EXPECT_TRUE(tallow::equal(assigned.view(), key));
}

TEST(SecretBytes, SurvivesAssignmentToItself) {
  secret_bytes<4> secret(key);
  secret_bytes<4>& same = secret;
  secret = std::move(same);
  EXPECT_TRUE(tallow::equal(secret.view(), key));
}

// The object's memory outlives the object, so what the destructor leaves can be seen.
TEST(SecretBytes, WipesItselfAtItsEnd) {
  alignas(secret_bytes<4>) std::array<std::byte, sizeof(secret_bytes<4>)> memory{};
  auto* secret = new (memory.data()) secret_bytes<4>(key);
  EXPECT_TRUE(tallow::equal(memory, key));
  std::destroy_at(secret);
  EXPECT_TRUE(all_zero(memory));
}

TEST(SecretBytes, IsWipedOnRequest) {
  secret_bytes<4> secret(key);
  secret.wipe_now();
  EXPECT_TRUE(all_zero(secret.view()));
}

TEST(SecretBuffer, HoldsWhatItWasGiven) {
  const secret_buffer secret{byte_view(key)};
  EXPECT_TRUE(tallow::equal(secret.view(), key));
  EXPECT_EQ(secret.size(), 4U);
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(tallow::equal(secret.clone().view(), key));
  EXPECT_TRUE(all_zero(secret_buffer(8).view()));
  EXPECT_TRUE(secret_buffer().empty());
}

TEST(SecretBuffer, GrowsByAppending) {
  secret_buffer secret{byte_view(key)};
  secret.append(key);
  EXPECT_EQ(tallow::to_hex(secret.view()), "0102030401020304");
}

TEST(SecretBuffer, LeavesNothingInTheSourceOfAMove) {
  secret_buffer source{byte_view(key)};
  const secret_buffer target(std::move(source));
  EXPECT_TRUE(source.empty());  // NOLINT: what was moved from is looked at
  EXPECT_TRUE(tallow::equal(target.view(), key));
}

TEST(SecretBuffer, WipesItsMemoryAtItsEnd) {
  std::optional<secret_buffer> secret(byte_view{key});
  watch(secret->view());
  secret.reset();
  EXPECT_TRUE(given_back);
  EXPECT_TRUE(given_back_as_zeros);
}

TEST(SecretBuffer, WipesItsOldMemoryWhenItGrows) {
  secret_buffer secret{byte_view(key)};
  watch(secret.view());
  secret.append(byte_buffer(1000, std::byte{1}));
  EXPECT_TRUE(given_back);
  EXPECT_TRUE(given_back_as_zeros);
}

TEST(SecretBuffer, WipesWhatAnAssignmentReplaces) {
  secret_buffer secret{byte_view(key)};
  watch(secret.view());
  secret = secret_buffer();
  EXPECT_TRUE(given_back);
  EXPECT_TRUE(given_back_as_zeros);
}

TEST(SecretBuffer, IsWatchedByTestsThatNoticeOrdinaryMemory) {
  std::optional<byte_buffer> plain(byte_buffer(4, std::byte{1}));
  watch(*plain);
  plain.reset();
  EXPECT_TRUE(given_back);
  EXPECT_FALSE(given_back_as_zeros);
}

TEST(SecretBuffer, IsEmptyAfterAWipe) {
  secret_buffer secret{byte_view(key)};
  secret.wipe_now();
  EXPECT_TRUE(secret.empty());
}

}  // namespace
