// Receives into a folder, and leaves no trace in it before something was accepted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/disk_journal.hpp>
#include <tallow/files/staging.hpp>
#include <tallow/transfer/chunk_set.hpp>
#include <tallow/transfer/endpoint.hpp>

namespace tallow::files {

/// A staging folder that comes into being with its first entry: a wrong code or a refused offer
/// writes nothing. With a journal (folder_journal.hpp), what has arrived outlives this, and a later
/// session of the same transfer goes on with it.
class folder_sink {
 public:
  /// @param target  where the entries go; created when the first one comes
  /// @param id      sixteen random bytes of our own that name the hidden folder
  folder_sink(std::filesystem::path target, const transfer_id& id)
      : target_(std::move(target)), id_(id) {}
  folder_sink(const folder_sink&) = delete;
  folder_sink& operator=(const folder_sink&) = delete;
  ~folder_sink() {
    if (is_resumable()) staging_->keep();
  }

  /// Opens the folder that an earlier session of this transfer has left, or a new one, with its
  /// journal. To be called before the first entry, or not at all.
  ///
  /// @shape   returns the chunks that are there
  /// @errors  those of staging::open() and disk_journal::open()
  [[nodiscard]] result<transfer::chunk_set> begin(const transfer::journal_identity& of);

  /// Sets what happens to taken names. Before the first entry.
  void set_conflicts(conflict_rules rules) { options_.conflicts = std::move(rules); }

  /// @errors  those of staging::open() and staging::add_entry()
  [[nodiscard]] result<void> add_entry(entry_index index, const transfer::entry& e) {
    if (auto ok = open_staging(); !ok) {
      // A taken name of the hidden folder is not what this function means by it.
      const bool is_taken = ok.error().code == errc::already_exists;
      return is_taken ? fail(errc::file_failed, ok.error().cause) : ok;
    }
    return staging_->add_entry(index, e);
  }

  /// @errors  those of staging::write()
  [[nodiscard]] result<void> write(entry_index index, std::uint64_t offset, byte_view bytes) {
    return staging_->write(index, offset, bytes);
  }

  /// @errors  those of staging::read_back()
  [[nodiscard]] result<void> read_back(entry_index index, std::uint64_t offset, byte_span out) {
    return staging_->read_back(index, offset, out);
  }

  /// @errors  those of staging::resize_entry()
  [[nodiscard]] result<void> resize_entry(entry_index index, std::uint64_t size) {
    return staging_->resize_entry(index, size);
  }
  void interrupt_stream() const noexcept {}

  /// @errors  those of staging::finish_entry()
  [[nodiscard]] result<void> finish_entry(entry_index index) {
    return staging_->finish_entry(index);
  }

  /// @errors  those of staging::discard_entry()
  [[nodiscard]] result<void> discard_entry(entry_index index) {
    return staging_->discard_entry(index);
  }

  /// There is no journal any more after this.
  ///
  /// @errors  those of staging::commit()
  [[nodiscard]] result<void> commit() {
    if (!staging_) return {};
    if (auto done = staging_->place_all(); !done) return done;
    journal_.reset();
    (void)staging_->abandon();
    return {};
  }

  [[nodiscard]] std::string path(entry_index index) const {
    return staging_ ? staging_->path(index) : std::string();
  }

  /// What has been put in its place, after commit().
  [[nodiscard]] std::vector<placed_entry> placed() const {
    return staging_ ? staging_->placed() : std::vector<placed_entry>();
  }

  /// What lies in merged folders and got another name, after commit().
  [[nodiscard]] std::vector<placed_entry> renamed_inside() const {
    return staging_ ? staging_->renamed_inside() : std::vector<placed_entry>();
  }

  /// Calls `visit(path)` for each file below the target that has come, after commit().
  template <class Visit>
  void for_each_file(Visit&& visit) const {
    if (staging_) staging_->for_each_file(std::forward<Visit>(visit));
  }

  [[nodiscard]] const std::filesystem::path& target() const noexcept { return target_; }

  /// The journal, after begin() and before commit().
  [[nodiscard]] disk_journal& journal() noexcept {
    TALLOW_ASSERT(journal_);
    return *journal_;
  }
  [[nodiscard]] bool has_journal() const noexcept { return journal_.has_value(); }

  /// True when there is something that a later session can go on with.
  [[nodiscard]] bool is_resumable() const noexcept {
    return staging_ && journal_ && !journal_->chunks().empty();
  }

  /// The hidden folder, while there is one.
  [[nodiscard]] std::filesystem::path hidden_folder() const {
    return staging_ ? target_ / staging_->folder_name() : std::filesystem::path();
  }

 private:
  [[nodiscard]] result<void> open_staging() {
    if (staging_) return {};
    auto opened = staging::open(target_, id_, options_);
    if (!opened) return fail(opened.error());
    staging_.emplace(std::move(*opened));
    return {};
  }
  [[nodiscard]] bool take_up(const std::string& name, const transfer::journal_identity& of);

  std::filesystem::path target_;
  transfer_id id_;
  staging_options options_;
  std::optional<staging> staging_;
  std::optional<disk_journal> journal_;
};

// ---- implementation ----

inline result<transfer::chunk_set> folder_sink::begin(const transfer::journal_identity& of) {
  // No target, or none to be listed: then nothing was left there.
  const auto left = staging::left_in(target_);
  if (left) {
    for (const std::string& name : *left) {
      if (take_up(name, of)) return journal_->chunks();
    }
  }
  if (auto ok = open_staging(); !ok) return fail(ok.error());
  auto fresh = disk_journal::open(staging_->folder(), of);
  if (!fresh) return fail(fresh.error());
  journal_.emplace(std::move(*fresh));
  return transfer::chunk_set{};
}

// Goes on with a hidden folder if it is that transfer's and no other process is at it.
inline bool folder_sink::take_up(const std::string& name, const transfer::journal_identity& of) {
  auto left = staging::reopen(target_, name, options_);
  if (!left || disk_journal::identity_in(left->folder()) != of) return false;
  auto journal = disk_journal::open(left->folder(), of);
  if (!journal) return false;
  staging_.emplace(std::move(*left));
  journal_.emplace(std::move(*journal));
  return true;
}

static_assert(transfer::readable_sink<folder_sink>);
static_assert(transfer::stream_sink<folder_sink>);

}  // namespace tallow::files
