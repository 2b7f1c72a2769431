// Memory for secrets: wiped when it goes, never printed, compared in constant time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include <tallow/base/bytes.hpp>

namespace tallow {

/// Overwrites `bytes` with zeros in a way that the optimizer may not drop.
inline void wipe(byte_span bytes) noexcept {
  if (bytes.empty()) return;
#if defined(__GLIBC__) || defined(__FreeBSD__) || defined(__OpenBSD__)
  // No builtin of the compiler. With a memset() here, g++ 14 takes what stood in the memory before
  // for dead at -O3, and drops stores that a callee still reads.
  ::explicit_bzero(bytes.data(), bytes.size());
#else
  volatile std::byte* at = bytes.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) at[i] = std::byte{0};
#endif
}

/// True when both views hold the same bytes, in a time that depends on their lengths alone.
[[nodiscard]] inline bool equal_constant_time(byte_view a, byte_view b) noexcept {
  if (a.size() != b.size()) return false;
  // volatile, so that no optimizer finds a way to leave early.
  volatile unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = difference | std::to_integer<unsigned>(a[i] ^ b[i]);
  }
  return difference == 0;
}

/// `N` secret bytes. Moving wipes the source, destroying wipes the bytes; copying has to be asked
/// for with clone(), so that every copy of a secret stands out.
template <std::size_t N>
class secret_bytes {
 public:
  static constexpr std::size_t size_bytes = N;

  secret_bytes() noexcept { bytes_.fill(std::byte{0}); }
  explicit secret_bytes(std::span<const std::byte, N> bytes) noexcept {
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  }
  secret_bytes(const secret_bytes&) = delete;
  secret_bytes& operator=(const secret_bytes&) = delete;
  secret_bytes(secret_bytes&& other) noexcept : bytes_(other.bytes_) { other.wipe_now(); }
  secret_bytes& operator=(secret_bytes&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      other.wipe_now();
    }
    return *this;
  }
  ~secret_bytes() { wipe_now(); }

  [[nodiscard]] secret_bytes clone() const noexcept { return secret_bytes(view()); }
  [[nodiscard]] std::span<const std::byte, N> view() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::byte, N> span() noexcept { return bytes_; }
  [[nodiscard]] static constexpr std::size_t size() noexcept { return N; }

  void wipe_now() noexcept { tallow::wipe(bytes_); }

  [[nodiscard]] friend bool operator==(const secret_bytes& a, const secret_bytes& b) noexcept {
    return equal_constant_time(a.view(), b.view());
  }

 private:
  std::array<std::byte, N> bytes_;
};

/// An allocator that wipes what it gives back, for secrets whose length is known only at run time.
template <class T>
struct wiping_allocator {
  using value_type = T;

  wiping_allocator() noexcept = default;
  template <class U>
  explicit wiping_allocator(const wiping_allocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
  void deallocate(T* memory, std::size_t count) noexcept {
    wipe(std::as_writable_bytes(std::span(memory, count)));
    std::allocator<T>{}.deallocate(memory, count);
  }
  template <class U>
  [[nodiscard]] bool operator==(const wiping_allocator<U>&) const noexcept {
    return true;
  }
};

/// Secret bytes of a length known only at run time. Copying has to be asked for with clone().
class secret_buffer {
 public:
  secret_buffer() noexcept = default;
  explicit secret_buffer(std::size_t count) : bytes_(count) {}
  explicit secret_buffer(byte_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  secret_buffer(const secret_buffer&) = delete;
  secret_buffer& operator=(const secret_buffer&) = delete;
  secret_buffer(secret_buffer&&) noexcept = default;
  secret_buffer& operator=(secret_buffer&&) noexcept = default;
  ~secret_buffer() = default;

  [[nodiscard]] secret_buffer clone() const { return secret_buffer(view()); }
  [[nodiscard]] byte_view view() const noexcept { return bytes_; }
  [[nodiscard]] byte_span span() noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

  /// `bytes` may not be a view of this buffer.
  void append(byte_view bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void wipe_now() noexcept {
    wipe(bytes_);
    bytes_.clear();
  }

 private:
  std::vector<std::byte, wiping_allocator<std::byte>> bytes_;
};

}  // namespace tallow
