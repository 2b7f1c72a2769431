// A buffer whose interesting part begins a page.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include <tallow/base/bytes.hpp>

namespace tallow::transfer {

/// Bytes for one record: `before` bytes of headers, and behind them what is read from and written
/// to files, at the beginning of a page, where the kernel copies fastest. Not filled with anything.
class page_buffer {
 public:
  static constexpr std::size_t page_bytes = 4096;

  page_buffer() = default;
  page_buffer(std::size_t before, std::size_t behind)
      : offset_((page_bytes - before % page_bytes) % page_bytes),
        size_(before + behind),
        bytes_(static_cast<std::byte*>(
            ::operator new (offset_ + size_, std::align_val_t{page_bytes}))) {}

  [[nodiscard]] byte_span span() const noexcept {
    return bytes_ ? byte_span(bytes_.get() + offset_, size_) : byte_span{};
  }

 private:
  struct release {
    void operator()(std::byte* bytes) const noexcept {
      ::operator delete (bytes, std::align_val_t{page_bytes});
    }
  };

  std::size_t offset_ = 0;
  std::size_t size_ = 0;
  std::unique_ptr<std::byte, release> bytes_;
};

}  // namespace tallow::transfer
