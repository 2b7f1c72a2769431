// Where a transfer arrives: a hidden folder beside the target, until everything is complete.
//
// Nothing has its final name before commit(), so what stands under a final name is whole. All
// names are resolved below held descriptors (beneath.hpp): the peer chose them.
//
//   target/.tallow-<transfer id>.part/        0700, this transfer's own
//   target/.tallow-<transfer id>.part/files/  what arrives, by its path
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/conflicts.hpp>
#include <tallow/files/descriptor_cache.hpp>
#include <tallow/files/earlier_session.hpp>
#include <tallow/files/placing.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/remove_tree.hpp>
#include <tallow/files/sparse.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/transfer/path_set.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::files {

/// Which links may be created.
enum class link_policy : std::uint8_t {
  inside,  ///< those that lead to somewhere in the target
  all,     ///< any; for peers that are trusted with what is outside
};

struct staging_options {
  link_policy links = link_policy::inside;
  resolver how = best_resolver();
  placing place = placing::rename;
  conflict_rules conflicts{};
};

/// An entry that has arrived; by its path, where it lies in a folder that was merged.
struct placed_entry {
  std::string name;        ///< as the peer called it
  std::string final_name;  ///< the same, or the next free one
};

/// The sink of a transfer on disk.
///
/// An entry is added, written in any order, then finished or discarded. commit() moves the finished
/// ones into place. A staging that is destroyed uncommitted removes what it has created, but for
/// the target folder, unless keep() was called: then reopen() goes on with it. One thread does all
/// that; any number of them write() and read_back() meanwhile.
///
/// Invariant: what writers look at (paths_, phases_, records_, entries_, open_) is changed under
/// mutex_ alone, which is never held while a file is opened or written.
class staging {
 public:
  /// Creates the target folder if it is missing, and the hidden folder in it.
  ///
  /// @errors  already_exists when there is a hidden folder for that id; permission_denied,
  ///          disk_full and what else posix_error.hpp lists
  [[nodiscard]] static result<staging> open(const std::filesystem::path& target,
                                            const transfer_id& id,
                                            const staging_options& options = {});

  /// Goes on with the hidden folder `name` of an earlier session. Its entries are added anew; what
  /// is there of their bytes can be read back.
  ///
  /// @errors  not_found; permission_denied when it is not our own; what posix_error.hpp lists
  [[nodiscard]] static result<staging> reopen(const std::filesystem::path& target,
                                              const std::string& name,
                                              const staging_options& options = {});

  /// The hidden folders in `target`, of which each may be reopened.
  ///
  /// @errors  not_found when there is no target; what posix_error.hpp lists
  [[nodiscard]] static result<std::vector<std::string>> left_in(
      const std::filesystem::path& target);

  staging(staging&&) noexcept = default;
  staging& operator=(staging&&) = delete;
  staging(const staging&) = delete;
  staging& operator=(const staging&) = delete;
  ~staging() {
    if (!is_kept_) (void)abandon();
  }

  /// Creates an entry: a folder or a link at once, a file with its first bytes, by whichever thread
  /// brings them. Indices ascend; those of declined entries are left out. An entry that is refused
  /// concerns no other.
  ///
  /// @errors  as check_entry() and path_set::add(); path_escapes for a link that leads outside;
  ///          path_bad_character for a name kept for hidden folders; already_exists for one that
  ///          the rules say to skip, and no other; disk_full, permission_denied and what else
  ///          posix_error.hpp lists
  [[nodiscard]] result<void> add_entry(entry_index index, const transfer::entry& e);

  /// Writes bytes of a file that was added and is not finished.
  ///
  /// @errors  wrong_state, invalid_argument beyond the announced size, disk_full and what else
  ///          posix_error.hpp lists
  [[nodiscard]] result<void> write(entry_index index, std::uint64_t offset, byte_view bytes);

  /// Reads bytes that an earlier session has written to a file.
  ///
  /// @errors  wrong_state; not_found, transfer_incomplete when they are not there; what
  ///          posix_error.hpp lists
  [[nodiscard]] result<void> read_back(entry_index index, std::uint64_t offset, byte_span out);

  /// For an entry whose size nobody knew: it is at least so large. Comes before the bytes that make
  /// it so, and once if there are none.
  ///
  /// @errors  wrong_state; what posix_error.hpp lists
  [[nodiscard]] result<void> resize_entry(entry_index index, std::uint64_t size);

  /// Writing to a disk is not waiting.
  void interrupt_stream() const noexcept {}

  /// Ends an entry: a file gets its mode and time, a link its time, a folder both at commit().
  ///
  /// @errors  wrong_state; transfer_incomplete when a file has not its announced size; what
  ///          posix_error.hpp lists
  [[nodiscard]] result<void> finish_entry(entry_index index);

  /// Gives up an entry that failed, finished or not: it is removed. A folder stays if others arrive
  /// in it.
  ///
  /// @errors  wrong_state; what posix_error.hpp lists
  [[nodiscard]] result<void> discard_entry(entry_index index);

  /// Puts what was finished into the target, each top-level name in one step, or what lies in it
  /// where the rules say to merge; under the next free name where one is taken and not replaced.
  /// All of it is on the disk first. After an error it may be called again; placed() tells what was
  /// moved.
  ///
  /// @errors  wrong_state when an entry is neither finished nor discarded (nothing has changed
  ///          then); what posix_error.hpp lists
  [[nodiscard]] result<void> commit() {
    auto done = place_all();
    // Everything is in place: a hidden folder that cannot be removed makes nothing incomplete.
    if (done) (void)abandon();
    return done;
  }

  /// commit() without an end of the hidden folder, for who has a file open in it: closes that, and
  /// abandons the rest. Some file systems (FUSE, NFS) keep what is open, and its folder with it.
  ///
  /// @errors  those of commit()
  [[nodiscard]] result<void> place_all();

  /// The top-level entries that commit() has put into the target so far, in the order of arrival.
  [[nodiscard]] const std::vector<placed_entry>& placed() const noexcept { return placed_; }
  /// What lies in merged folders and got another name there.
  [[nodiscard]] const std::vector<placed_entry>& renamed_inside() const noexcept {
    return renamed_inside_;
  }

  /// Calls `visit(path)` for each file that commit() has put below the target, with its path there,
  /// in the order of arrival.
  template <class Visit>
  void for_each_file(Visit&& visit) const {
    for (const node_id id : entries_) {
      const bool added = id != transfer::path_set::root;
      if (!added || paths_.kind(id) != transfer::entry_kind::file) continue;
      if (phases_[id] >= phase::finished) visit(final_path(id));
    }
  }

  /// What the peer calls an entry that was added; empty for others. Hostile until escaped.
  [[nodiscard]] std::string path(entry_index index) const {
    const bool added = index.value < entries_.size() &&
                       entries_[static_cast<std::size_t>(index.value)] != transfer::path_set::root;
    return added ? paths_.path(entries_[static_cast<std::size_t>(index.value)]) : std::string();
  }

  /// Removes the hidden folder and all in it. The second time, which is at the latest when this is
  /// destroyed, it does what it could not do before: FUSE and NFS keep what is still open.
  ///
  /// @errors  what posix_error.hpp lists
  result<void> abandon();

  /// Leaves the hidden folder where it is when this is destroyed, for a later session.
  void keep() noexcept { is_kept_ = true; }

  /// What the target's file system can still take.
  ///
  /// @errors  file_failed
  [[nodiscard]] result<std::uint64_t> free_bytes() const;

  /// The hidden folder: what is not an entry but belongs to the transfer goes here.
  [[nodiscard]] const directory& folder() const noexcept { return folder_; }
  /// What it is called.
  [[nodiscard]] const std::string& folder_name() const noexcept { return name_; }

 private:
  using node_id = transfer::path_set::node_id;

  enum class phase : std::uint8_t {
    absent,    // could not be created, or was removed
    implied,   // a folder that was not announced but others lie in
    awaited,   // a file whose first bytes have not come
    open,      // created
    written,   // a file that came at once, and has its mode and time
    finished,  // complete; files and links have their mode and time, folders not yet
    settled,   // a folder below a top-level one that has its mode and time too
    placed,    // moved to its final name by itself, or merged
  };
  // What is needed of an entry until it is finished, and of a folder until it is settled.
  struct record {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::uint16_t mode = 0755;
    bool keeps_mtime = false;
    bool fresh = false;  // a file that was empty when this process made it
  };

  static constexpr const char* files_name = "files";

  staging(directory target, std::string name, const transfer::hash_key& key,
          const staging_options& options)
      : target_(std::move(target)), name_(std::move(name)), options_(options), paths_(key) {}

  [[nodiscard]] static result<staging> prepare(const std::filesystem::path& target,
                                               std::string name, const staging_options& options);
  [[nodiscard]] result<void> make_folders();
  [[nodiscard]] result<void> open_folder();
  [[nodiscard]] result<void> make_folder(const std::string& path) const;
  [[nodiscard]] result<void> make_parents(std::size_t from, node_id leaf);
  [[nodiscard]] result<void> create(entry_index index, node_id id, const transfer::entry& e,
                                    bool was_implied);
  [[nodiscard]] result<node_id> node_of(entry_index index) const;
  [[nodiscard]] result<node_id> open_node_of(entry_index index) const;
  [[nodiscard]] result<shared_fd> descriptor(entry_index index, node_id id);
  [[nodiscard]] result<shared_fd> create_file(entry_index index, node_id id);
  [[nodiscard]] result<void> write_whole(node_id id, byte_view bytes);
  [[nodiscard]] result<void> list_left();
  [[nodiscard]] bool was_left(const std::string& path) const noexcept {
    return left_ && left_->contains(path);
  }
  [[nodiscard]] result<void> remove_stale();
  [[nodiscard]] result<void> settle_directories();
  [[nodiscard]] result<void> settle_directory(int fd, node_id id);
  [[nodiscard]] result<void> place(node_id id);
  [[nodiscard]] result<std::string> move_into_place(node_id id);
  [[nodiscard]] std::string final_path(node_id id) const;

  directory target_;
  directory folder_;
  directory files_;
  std::string name_;
  staging_options options_;
  transfer::path_set paths_;
  std::vector<phase> phases_;  // by node
  std::unordered_map<node_id, record> records_;
  std::vector<node_id> entries_;  // by entry index
  descriptor_cache open_;
  taken_paths taken_;
  std::optional<merge_plan> plan_;  // from commit() on
  std::vector<placed_entry> placed_;
  std::vector<placed_entry> renamed_inside_;
  std::unordered_map<node_id, std::string> new_names_;  // of nodes that lost theirs to others
  std::optional<left_paths> left_;  // of a folder that was reopened, once it is needed
  bool is_reopened_ = false;
  bool is_kept_ = false;
  // Behind pointers, so that a staging can be moved.
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::unique_ptr<std::mutex> creating_ = std::make_unique<std::mutex>();
};

}  // namespace tallow::files

#include <tallow/files/staging_commit.hpp>
#include <tallow/files/staging_steps.hpp>
