// The names in a folder, which may be a million.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tallow::files {

/// Names in one piece of memory: 5 bytes each beside their own.
///
/// Invariant: offsets_ has the start of each name in text_, where a zero ends it.
class name_list {
 public:
  /// Returns false when there is no room for more: 4 GiB are full.
  [[nodiscard]] bool add(std::string_view name) {
    if (text_.size() + name.size() >= UINT32_MAX) return false;
    offsets_.push_back(static_cast<std::uint32_t>(text_.size()));
    text_ += name;
    text_ += '\0';
    return true;
  }

  [[nodiscard]] bool empty() const noexcept { return offsets_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return offsets_.size(); }

  /// One name, ended by a zero, valid until the next add().
  [[nodiscard]] const char* operator[](std::size_t i) const noexcept {
    return text_.data() + offsets_[i];
  }

  /// Sorts by bytes, the last one first, so that take_last() gives them in order.
  void sort_backwards() {
    std::sort(offsets_.begin(), offsets_.end(), [this](std::uint32_t a, std::uint32_t b) {
      return std::strcmp(text_.data() + a, text_.data() + b) > 0;
    });
  }

  /// Takes the last name out. There must be one.
  [[nodiscard]] std::string take_last() {
    std::string name((*this)[size() - 1]);
    offsets_.pop_back();
    return name;
  }

 private:
  std::string text_;
  std::vector<std::uint32_t> offsets_;
};

}  // namespace tallow::files
