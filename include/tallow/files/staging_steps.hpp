// How a staging does its work; a part of staging.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/conflicts.hpp>
#include <tallow/files/earlier_session.hpp>
#include <tallow/files/metadata.hpp>
#include <tallow/files/ownership.hpp>
#include <tallow/files/placing.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/remove_tree.hpp>
#include <tallow/files/sparse.hpp>
#include <tallow/files/staging.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/transfer/path_set.hpp>

namespace tallow::files {

namespace detail {

// What the hidden folders of transfers are called. No entry may be called so: another transfer
// would take it for its own.
[[nodiscard]] inline bool is_staging_name(std::string_view name) noexcept {
  return name.starts_with(".tallow-") && name.ends_with(".part");
}

}  // namespace detail

inline result<staging> staging::prepare(const std::filesystem::path& target, std::string name,
                                        const staging_options& options) {
  auto held = directory::open(target, options.how);
  if (!held) return fail(held.error());
  transfer::hash_key key{};
  if (::getrandom(key.data(), sizeof key, 0) != static_cast<::ssize_t>(sizeof key)) {
    return fail(errc::random_failed);
  }
  return staging(std::move(*held), std::move(name), key, options);
}

inline result<staging> staging::open(const std::filesystem::path& target, const transfer_id& id,
                                     const staging_options& options) {
  std::error_code failure;
  if (!target.empty()) std::filesystem::create_directories(target, failure);
  if (failure) return tl::unexpected<error>(posix_error(failure.value()));
  auto made = prepare(target, ".tallow-" + to_hex(id) + ".part", options);
  if (!made) return made;
  if (auto ok = made->make_folders(); !ok) return fail(ok.error());
  return made;
}

inline result<staging> staging::reopen(const std::filesystem::path& target, const std::string& name,
                                       const staging_options& options) {
  auto made = prepare(target, name, options);
  if (!made) return made;
  // Until it is known to be wanted, nothing of it is removed.
  made->keep();
  if (auto ok = made->open_folder(); !ok) return fail(ok.error());
  if (auto ok = take_folder(made->folder_, files_name); !ok) return fail(ok.error());
  auto files = made->folder_.open_directory(files_name);
  if (!files) return fail(files.error());
  made->files_ = std::move(*files);
  made->is_reopened_ = true;
  return made;
}

inline result<std::vector<std::string>> staging::left_in(const std::filesystem::path& target) {
  auto held = directory::open(target);
  if (!held) return fail(held.error());
  auto names = held->names();
  if (!names) return fail(names.error());
  std::vector<std::string> left;
  names->sort_backwards();
  while (!names->empty()) {
    std::string name = names->take_last();
    if (detail::is_staging_name(name)) left.push_back(std::move(name));
  }
  return left;
}

inline result<void> staging::make_folders() {
  if (auto ok = target_.make_directory(name_, 0700); !ok) return ok;
  if (auto ok = open_folder(); !ok) {
    (void)target_.remove_directory(name_);
    return ok;
  }
  // Another receiver may look at this moment whether the new folder is one of its own, left behind,
  // and it makes what such a one would lack.
  auto ok = folder_.make_directory(files_name, 0700);
  if (!ok && ok.error().code != errc::already_exists) return ok;
  auto files = folder_.open_directory(files_name);
  if (!files) return fail(files.error());
  files_ = std::move(*files);
  return {};
}

inline result<void> staging::open_folder() {
  auto folder = target_.open_directory(name_);
  if (!folder) return fail(folder.error());
  // In a folder that others may write to, it may have been exchanged, or be somebody's trap.
  if (auto ok = check_own(*folder, target_, name_ + ".probe"); !ok) return ok;
  folder_ = std::move(*folder);
  return {};
}

// What an earlier session left, before anything of this one is made.
inline result<void> staging::list_left() {
  if (!is_reopened_ || left_) return {};
  left_paths left;
  if (auto ok = left.list(files_); !ok) return ok;
  left_.emplace(std::move(left));
  return {};
}

// A folder that is not there, or may be there from an earlier session.
inline result<void> staging::make_folder(const std::string& path) const {
  return was_left(path) ? take_folder(files_, path) : files_.make_directory(path, 0700);
}

inline result<void> staging::add_entry(entry_index index, const transfer::entry& e) {
  if (index.value < entries_.size() || index.value >= transfer::path_set::root) {
    return fail(errc::invalid_argument, index.value, "entries are added in ascending order");
  }
  if (auto ok = transfer::check_entry(e); !ok) return ok;
  if (detail::is_staging_name(std::string_view(e.path).substr(0, e.path.find('/')))) {
    return fail(errc::path_bad_character, 0, "the name of a hidden folder of a transfer");
  }
  if (e.kind == transfer::entry_kind::symlink && options_.links == link_policy::inside &&
      !transfer::link_stays_inside(e.path, e.link_target)) {
    return fail(errc::path_escapes, 0, "a link leads outside the target");
  }
  if (auto ok = list_left(); !ok) return ok;
  const std::size_t known = paths_.size();
  result<node_id> id;
  {
    const std::lock_guard lock(*mutex_);
    id = paths_.add(e.path, e.kind);
    if (!id) return fail(id.error());
    phases_.resize(paths_.size(), phase::absent);
  }
  if (options_.conflicts.of(paths_, *id) == on_conflict::skip &&
      taken_.leaves_out(target_, paths_, *id)) {
    // Others may lie in the folders that this one has implied.
    if (auto ok = make_parents(known, *id); !ok && ok.error().code == errc::disk_full) return ok;
    return fail(errc::already_exists, index.value, "left out, as the rules say");
  }
  // Its folder could not be made. What has the name of that may be another one.
  const node_id parent = paths_.parent(*id);
  if (parent != transfer::path_set::root && parent < known && phases_[parent] == phase::absent) {
    return fail(errc::file_failed, index.value, "its folder is not there");
  }
  auto made = make_parents(known, *id);
  if (made) made = create(index, *id, e, *id < known);
  // The hidden folder is ours: two names that the file system takes for one, or an intruder. Not
  // what the caller means by "exists".
  if (!made && made.error().code == errc::already_exists) {
    return fail(errc::file_failed, made.error().cause);
  }
  return made;
}

// Nodes from `from` up to `leaf` are parents that this entry has implied, outermost first.
inline result<void> staging::make_parents(std::size_t from, node_id leaf) {
  for (auto id = static_cast<node_id>(from); id < leaf; ++id) {
    if (auto ok = make_folder(paths_.path(id)); !ok) return ok;
    phases_[id] = phase::implied;
  }
  return {};
}

inline result<void> staging::create(entry_index index, node_id id, const transfer::entry& e,
                                    bool was_implied) {
  phase state = phase::open;
  switch (e.kind) {
    case transfer::entry_kind::file: {
      state = phase::awaited;
      if (!was_left(e.path)) break;
      const auto is_there = take_file(files_, e.path, e.size);
      if (!is_there) return fail(is_there.error());
      if (*is_there) state = phase::open;
      break;
    }
    case transfer::entry_kind::directory:
      if (was_implied && phases_[id] == phase::implied) break;
      if (auto ok = make_folder(e.path); !ok) return ok;
      break;
    case transfer::entry_kind::symlink:
      if (was_left(e.path)) {
        auto removed = remove_any(files_, e.path);
        if (!removed && removed.error().code != errc::not_found) return removed;
      }
      if (auto ok = files_.make_link(e.path, e.link_target); !ok) return ok;
      break;
  }
  const auto mode = static_cast<std::uint16_t>(transfer::masked_mode(e.mode, e.kind));
  const std::lock_guard lock(*mutex_);
  entries_.resize(index.value, transfer::path_set::root);
  entries_.push_back(id);
  phases_[id] = state;
  records_[id] = {e.size, e.mtime_ns, mode, true};
  return {};
}

inline result<staging::node_id> staging::node_of(entry_index index) const {
  if (index.value < entries_.size()) {
    const node_id id = entries_[index.value];
    if (id != transfer::path_set::root && phases_[id] >= phase::awaited &&
        phases_[id] <= phase::finished) {
      return id;
    }
  }
  return fail(errc::wrong_state, index.value, "not an entry that is being received");
}

inline result<staging::node_id> staging::open_node_of(entry_index index) const {
  auto id = node_of(index);
  if (id && phases_[*id] == phase::finished) {
    return fail(errc::wrong_state, index.value, "an entry that is finished");
  }
  return id;
}

// The file of an entry, made if it is not there.
inline result<shared_fd> staging::descriptor(entry_index index, node_id id) {
  std::string path;
  {
    const std::lock_guard lock(*mutex_);
    if (auto fd = open_.find(index)) return fd;
    if (phases_[id] != phase::awaited) path = paths_.path(id);
  }
  if (path.empty()) return create_file(index, id);
  auto fd = files_.open_file(path, O_RDWR | O_NONBLOCK);
  if (!fd) return fail(fd.error());
  // Somebody may have put a pipe or device there.
  auto found = status_of(fd->get());
  if (!found) return fail(found.error());
  if (found->kind != transfer::entry_kind::file) return fail(errc::unsupported_kind);
  auto shared = std::make_shared<const unique_fd>(std::move(*fd));
  const std::lock_guard lock(*mutex_);
  open_.keep(index, shared);
  return shared;
}

// Makes a file that comes in pieces. Two threads may bring its first ones.
inline result<shared_fd> staging::create_file(entry_index index, node_id id) {
  const std::lock_guard creating(*creating_);
  std::string path;
  int how = O_RDWR | O_CREAT | O_EXCL;
  {
    const std::lock_guard lock(*mutex_);
    if (auto fd = open_.find(index)) return fd;
    if (phases_[id] == phase::absent) return fail(errc::wrong_state, index.value, "given up");
    path = paths_.path(id);
    // The other thread has made it, and its descriptor had to make room.
    if (phases_[id] != phase::awaited) how = O_RDWR | O_NONBLOCK;
  }
  auto fd = files_.open_file(path, how, 0600);
  if (!fd) return fail(fd.error());
  auto shared = std::make_shared<const unique_fd>(std::move(*fd));
  const std::lock_guard lock(*mutex_);
  phases_[id] = phase::open;
  records_[id].fresh = true;
  open_.keep(index, shared);
  return shared;
}

// A file that comes at once is made, written and closed in one go.
inline result<void> staging::write_whole(node_id id, byte_view bytes) {
  std::string path;
  record r;
  {
    const std::lock_guard lock(*mutex_);
    path = paths_.path(id);
    r = records_[id];
  }
  auto fd = files_.open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return fail(fd.error());
  {
    const std::lock_guard lock(*mutex_);
    if (phases_[id] != phase::awaited) {  // given up meanwhile
      (void)files_.remove_file(path);
      return fail(errc::wrong_state);
    }
    phases_[id] = phase::open;
  }
  if (auto ok = write_sparse(fd->get(), 0, bytes, r.size, ground::fresh); !ok) return ok;
  if (auto ok = set_metadata(fd->get(), r.mode, r.mtime_ns); !ok) return ok;
  const std::lock_guard lock(*mutex_);
  phases_[id] = phase::written;
  return {};
}

inline result<void> staging::write(entry_index index, std::uint64_t offset, byte_view bytes) {
  std::uint64_t size = 0;
  bool awaited = false;
  ground below = ground::used;
  result<node_id> id;
  {
    const std::lock_guard lock(*mutex_);
    id = open_node_of(index);
    if (!id) return fail(id.error());
    const record& r = records_[*id];
    size = r.size;
    awaited = phases_[*id] == phase::awaited;
    if (awaited || r.fresh) below = ground::fresh;
  }
  if (offset > size || bytes.size() > size - offset) {
    return fail(errc::invalid_argument, index.value, "beyond the end that was announced");
  }
  if (bytes.empty()) return {};
  if (awaited && bytes.size() == size) return write_whole(*id, bytes);
  auto fd = descriptor(index, *id);
  if (!fd) return fail(fd.error());
  return write_sparse((*fd)->get(), offset, bytes, size, below);
}

inline result<void> staging::read_back(entry_index index, std::uint64_t offset, byte_span out) {
  result<node_id> id;
  {
    const std::lock_guard lock(*mutex_);
    id = open_node_of(index);
    if (!id) return fail(id.error());
    if (phases_[*id] == phase::awaited) return fail(errc::not_found, index.value);
  }
  const auto fd = descriptor(index, *id);
  if (!fd) return fail(fd.error());
  while (!out.empty()) {
    const auto count = ::pread((*fd)->get(), out.data(), out.size(), static_cast<::off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno();
    if (count == 0) return fail(errc::transfer_incomplete, index.value);
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

inline result<void> staging::resize_entry(entry_index index, std::uint64_t size) {
  result<node_id> id;
  bool awaited = false;
  {
    const std::lock_guard lock(*mutex_);
    id = open_node_of(index);
    if (!id) return fail(id.error());
    if (paths_.kind(*id) != transfer::entry_kind::file) return fail(errc::wrong_state, index.value);
    records_[*id].size = size;
    awaited = phases_[*id] == phase::awaited;
  }
  // Its first bytes must not be taken for all of it, nor what an earlier session has left.
  const auto fd = awaited ? create_file(index, *id) : descriptor(index, *id);
  if (!fd) return fail(fd.error());
  const bool fits = ::ftruncate((*fd)->get(), static_cast<::off_t>(size)) == 0;
  return fits ? result<void>{} : fail_errno();
}

inline result<void> staging::finish_entry(entry_index index) {
  auto id = open_node_of(index);
  if (!id) return fail(id.error());
  record r;
  phase state{};
  {
    const std::lock_guard lock(*mutex_);
    r = records_[*id];
    state = phases_[*id];
  }
  switch (paths_.kind(*id)) {
    case transfer::entry_kind::file: {
      if (state == phase::written) break;
      auto fd = descriptor(index, *id);
      if (!fd) return fail(fd.error());
      auto found = status_of((*fd)->get());
      if (!found) return fail(found.error());
      if (found->size != r.size) return fail(errc::transfer_incomplete, index.value);
      if (auto ok = set_metadata((*fd)->get(), r.mode, r.mtime_ns); !ok) return ok;
      break;
    }
    case transfer::entry_kind::symlink:
      if (auto ok = files_.set_link_mtime(paths_.path(*id), r.mtime_ns); !ok) return ok;
      break;
    case transfer::entry_kind::directory: break;
  }
  const std::lock_guard lock(*mutex_);
  phases_[*id] = phase::finished;
  if (paths_.kind(*id) == transfer::entry_kind::directory) return {};
  open_.drop(index);
  records_.erase(*id);
  return {};
}

inline result<void> staging::discard_entry(entry_index index) {
  auto id = node_of(index);
  if (!id) return fail(id.error());
  if (paths_.kind(*id) == transfer::entry_kind::directory) {
    const std::lock_guard lock(*mutex_);
    phases_[*id] = phase::implied;
    records_.erase(*id);
    return {};
  }
  // Nobody makes it meanwhile.
  const std::lock_guard creating(*creating_);
  {
    const std::lock_guard lock(*mutex_);
    open_.drop(index);
    // What has the name of a file that could not be made is another's, where two names are one.
    if (phases_[*id] == phase::awaited) {
      phases_[*id] = phase::absent;
      records_.erase(*id);
      return {};
    }
  }
  auto removed = files_.remove_file(paths_.path(*id));
  // Otherwise it stays open, so that commit() refuses to move it with the folder it lies in.
  if (!removed && removed.error().code != errc::not_found) return removed;
  const std::lock_guard lock(*mutex_);
  phases_[*id] = phase::absent;
  records_.erase(*id);
  return {};
}

inline result<void> staging::abandon() {
  is_kept_ = false;
  if (target_.fd() < 0) return {};
  open_.clear();
  files_ = directory();
  if (folder_.fd() < 0) return {};
  auto emptied = remove_contents(folder_);
  auto removed = target_.remove_directory(name_);
  if (removed) folder_ = directory();
  return emptied ? removed : emptied;
}

inline result<std::uint64_t> staging::free_bytes() const {
  struct ::statvfs found {};
  if (::fstatvfs(target_.fd(), &found) != 0) return fail_errno();
  return std::uint64_t{found.f_bavail} * found.f_frsize;
}

static_assert(transfer::stream_sink<staging>);

}  // namespace tallow::files
