// Receives into a folder, and leaves no trace in it before something was accepted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/staging.hpp>
#include <tallow/transfer/endpoint.hpp>

namespace tallow::files {

/// A staging folder that comes into being with its first entry: a wrong code or a refused offer
/// writes nothing.
class folder_sink {
 public:
  /// @param target  where the entries go; created when the first one comes
  /// @param id      sixteen random bytes of our own that name the hidden folder
  folder_sink(std::filesystem::path target, const transfer_id& id)
      : target_(std::move(target)), id_(id) {}

  /// @errors  those of staging::open() and staging::add_entry()
  [[nodiscard]] result<void> add_entry(entry_index index, const transfer::entry& e) {
    if (!staging_) {
      auto opened = staging::open(target_, id_);
      if (!opened) return fail(opened.error());
      staging_.emplace(std::move(*opened));
    }
    return staging_->add_entry(index, e);
  }

  /// @errors  those of staging::write()
  [[nodiscard]] result<void> write(entry_index index, std::uint64_t offset, byte_view bytes) {
    return staging_->write(index, offset, bytes);
  }

  /// @errors  those of staging::finish_entry()
  [[nodiscard]] result<void> finish_entry(entry_index index) {
    return staging_->finish_entry(index);
  }

  /// @errors  those of staging::discard_entry()
  [[nodiscard]] result<void> discard_entry(entry_index index) {
    return staging_->discard_entry(index);
  }

  /// @errors  those of staging::commit()
  [[nodiscard]] result<void> commit() { return staging_ ? staging_->commit() : result<void>{}; }

  [[nodiscard]] std::string path(entry_index index) const {
    return staging_ ? staging_->path(index) : std::string();
  }

  /// What has been put in its place, after commit().
  [[nodiscard]] std::vector<placed_entry> placed() const {
    return staging_ ? staging_->placed() : std::vector<placed_entry>();
  }

  [[nodiscard]] const std::filesystem::path& target() const noexcept { return target_; }

 private:
  std::filesystem::path target_;
  transfer_id id_;
  std::optional<staging> staging_;
};

static_assert(transfer::sink<folder_sink>);

}  // namespace tallow::files
