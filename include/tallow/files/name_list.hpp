// The names in a folder, which may be a million.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallow::files {

/// Names, each ended by a zero, in blocks that never move: growing copies nothing, so that a
/// million take little more than their bytes at any time.
class name_store {
 public:
  /// Longer than any file system's.
  static constexpr std::size_t name_bytes_max = 4095;

  /// Returns where it is, or nothing when it is too long or 4 GiB are full.
  ///
  /// @param name  without a zero
  [[nodiscard]] std::optional<std::uint32_t> add(std::string_view name) {
    if (name.size() > name_bytes_max) return std::nullopt;
    if (blocks_.empty() || block_bytes - used_ <= name.size()) {
      if (blocks_.size() == blocks_max) return std::nullopt;
      blocks_.push_back(std::make_unique_for_overwrite<block>());
      used_ = 0;
    }
    const auto at = static_cast<std::uint32_t>((blocks_.size() - 1) * block_bytes + used_);
    char* const end = std::copy(name.begin(), name.end(), blocks_.back()->data() + used_);
    *end = '\0';
    used_ += name.size() + 1;
    return at;
  }

  /// A name, valid as long as the store.
  [[nodiscard]] const char* at(std::uint32_t where) const noexcept {
    return blocks_[where / block_bytes]->data() + where % block_bytes;
  }

 private:
  static constexpr std::size_t block_bytes = std::size_t{1} << 13U;
  static constexpr std::size_t blocks_max = (std::size_t{1} << 32U) / block_bytes;
  using block = std::array<char, block_bytes>;

  std::vector<std::unique_ptr<block>> blocks_;
  std::size_t used_ = 0;  // bytes of the last block
};

/// Names in the order in which they came, or sorted: 5 bytes each beside their own.
class name_list {
 public:
  /// Returns false for what a name_store does not take.
  [[nodiscard]] bool add(std::string_view name) {
    const auto where = text_.add(name);
    if (where) places_.push_back(*where);
    return where.has_value();
  }

  [[nodiscard]] bool empty() const noexcept { return places_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

  /// One name, ended by a zero.
  [[nodiscard]] const char* operator[](std::size_t i) const noexcept {
    return text_.at(places_[i]);
  }

  /// Sorts by bytes, the last one first, so that take_last() gives them in order.
  void sort_backwards() {
    std::sort(places_.begin(), places_.end(), [this](std::uint32_t a, std::uint32_t b) {
      return std::strcmp(text_.at(a), text_.at(b)) > 0;
    });
  }

  /// Takes the last name out. There must be one.
  [[nodiscard]] std::string take_last() {
    std::string name((*this)[size() - 1]);
    places_.pop_back();
    return name;
  }

 private:
  name_store text_;
  std::vector<std::uint32_t> places_;
};

}  // namespace tallow::files
