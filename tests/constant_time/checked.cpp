// Runs one operation on secrets under valgrind, which is told that nobody has written them: it then
// reports every branch and every address that depends on one (the idea is that of ctgrind, by Adam
// Langley, 2010).
//
//   valgrind --error-exitcode=1 constant_time_checked OPERATION

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <valgrind/memcheck.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/key_mask.hpp>
#include <tallow/crypto/key_schedule.hpp>

namespace tallow {
namespace {

void hide(byte_span bytes) { (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size()); }
void show(byte_span bytes) { (void)VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size()); }

constexpr std::array<std::byte, 16> session{std::byte{7}};

// Each coefficient below 3329.
crypto::ml_kem_1024_key a_key() {
  crypto::ml_kem_1024_key key{};
  for (std::size_t i = 0; i < key.size(); i += 3) key[i] = static_cast<std::byte>(i);
  return key;
}

crypto::masked_key masked(crypto::mask_secret& secret) {
  crypto::mask_random random;
  hide(random.span());
  hide(secret.span());
  return crypto::mask_key(a_key(), random, secret, session);
}

int mask() {
  crypto::mask_secret secret;
  crypto::masked_key made = masked(secret);
  show(made.t);
  return made.t == std::array<std::byte, crypto::key_vector_bytes>{} ? 1 : 0;
}

int unmask() {
  crypto::mask_secret secret;
  crypto::masked_key made = masked(secret);
  for (const byte_span sent : {byte_span(made.s), byte_span(made.t), byte_span(made.rho)})
    show(sent);
  auto key = crypto::unmask_key(made, secret, session);
  if (!key) return 1;
  show(*key);
  return *key == a_key() ? 0 : 1;
}

int compare() {
  std::array<std::byte, 32> a{};
  std::array<std::byte, 32> b{};
  b.back() = std::byte{1};
  hide(a);
  hide(b);
  bool is_same = equal_constant_time(a, b);
  show(std::as_writable_bytes(std::span(&is_same, 1)));
  return is_same ? 1 : 0;
}

int derive() {
  crypto::schedule_secret secret;
  hide(secret.span());
  auto key = crypto::expand<32>(secret, crypto::label::record_key, session);
  show(key.span());
  return key == secret_bytes<32>() ? 1 : 0;
}

// What has to be found, or the others say nothing.
int leaking_branch() {
  std::array<std::byte, 1> secret{};
  hide(secret);
  return secret[0] == std::byte{1} ? std::puts("one") : 0;
}

int leaking_index() {
  static std::array<int, 256> table{};
  std::array<std::byte, 1> secret{};
  hide(secret);
  volatile int found = table[std::to_integer<std::size_t>(secret[0])];
  (void)found;
  return 0;
}

struct operation {
  std::string_view name;
  int (*run)();
};
constexpr std::array operations{operation{"mask", mask},
                                operation{"unmask", unmask},
                                operation{"compare", compare},
                                operation{"derive", derive},
                                operation{"leaking_branch", leaking_branch},
                                operation{"leaking_index", leaking_index}};

}  // namespace
}  // namespace tallow

int main(int argc, char** argv) {
  if (argc == 2) {
    for (const auto& one : tallow::operations) {
      if (one.name == argv[1]) return one.run();
    }
  }
  std::fputs("usage: constant_time_checked OPERATION\n", stderr);
  return 2;
}
