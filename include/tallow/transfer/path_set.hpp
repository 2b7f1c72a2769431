// The paths of a transfer so far: finds two entries that claim one place, in little memory.
//
// @source  docs/protocol/transfer.md, Paths
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/error.hpp>
#include <tallow/transfer/entry.hpp>

namespace tallow::transfer {

/// A key that the other side does not know. Without one a peer could choose names that all fall
/// into one slot, and make a manifest cost the square of its length.
using hash_key = std::array<std::uint64_t, 2>;

/// A set of checked paths, as a tree whose nodes are components. Parents that were never announced
/// are in it too. A node's id is its place in the order of creation: parents before children.
///
/// Not safe to use from two threads at once.
class path_set {
 public:
  using node_id = std::uint32_t;
  /// The parent of top-level nodes.
  static constexpr node_id root = UINT32_MAX;

  explicit path_set(const hash_key& key) : key_(key), slots_(16, root) {}

  /// Adds a path that check_path() accepted. Nothing changes on an error.
  ///
  /// @errors  path_duplicate when an entry has the path already; manifest_invalid when the path
  ///          leads through a file or link, or is that of a folder that others lie in, or when
  ///          there are more names than a set can hold
  /// @cost    O(size of the path), amortized; 16 to 24 bytes and its last component an entry
  [[nodiscard]] result<node_id> add(std::string_view path, entry_kind kind);

  /// The node of a path, announced or not.
  [[nodiscard]] std::optional<node_id> find(std::string_view path) const noexcept;

  /// Nodes so far, with parents that were never announced.
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  [[nodiscard]] node_id parent(node_id id) const noexcept {
    return nodes_[id].parent == no_parent ? root : nodes_[id].parent;
  }
  [[nodiscard]] entry_kind kind(node_id id) const noexcept {
    return static_cast<entry_kind>(nodes_[id].kind);
  }
  /// False for a folder that is known only from what lies in it.
  [[nodiscard]] bool announced(node_id id) const noexcept { return nodes_[id].announced != 0; }
  /// The last component.
  ///
  /// @shape  returns a view into this set, valid until the next add()
  [[nodiscard]] std::string_view name(node_id id) const noexcept {
    const std::size_t start = nodes_[id].name_offset;
    const std::size_t end = id + 1U < nodes_.size() ? nodes_[id + 1U].name_offset : names_.size();
    return std::string_view(names_).substr(start, end - start);
  }
  /// The whole path.
  [[nodiscard]] std::string path(node_id id) const;

 private:
  static constexpr unsigned parent_bits = 29;
  static constexpr node_id no_parent = (node_id{1} << parent_bits) - 1;

  // There may be a million of them.
  struct node {
    std::uint32_t parent : parent_bits;
    std::uint32_t kind : 2;
    std::uint32_t announced : 1;
    std::uint32_t name_offset;  // a name ends where the next one begins
  };
  static_assert(sizeof(node) == 8);

  [[nodiscard]] std::uint32_t hash(node_id parent, std::string_view name) const noexcept;
  // The slot of that child, or the empty slot where it would stand.
  [[nodiscard]] std::size_t slot_of(node_id parent, std::string_view name) const noexcept;
  node_id insert(node_id parent, std::string_view name, entry_kind kind, bool announced);
  void grow();

  hash_key key_;
  std::vector<node> nodes_;
  std::string names_;
  std::vector<node_id> slots_;  // open addressing, a power of two, at most half full
};

// ---- implementation ----

namespace detail {

// SipHash-1-3 over a parent and a name: short inputs, a secret key, no way to aim at a slot.
// (Aumasson and Bernstein 2012; the reduced rounds are what hash tables of other languages use.)
class sip_hash {
 public:
  explicit sip_hash(const hash_key& key) noexcept
      : v_{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU, key[0] ^ 0x6c7967656e657261U,
           key[1] ^ 0x7465646279746573U} {}

  void word(std::uint64_t m) noexcept {
    v_[3] ^= m;
    round();
    v_[0] ^= m;
  }

  [[nodiscard]] std::uint64_t finish() noexcept {
    v_[2] ^= 0xffU;
    round();
    round();
    round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  static constexpr std::uint64_t turn(std::uint64_t x, unsigned bits) noexcept {
    return x << bits | x >> (64U - bits);
  }
  void round() noexcept {
    v_[0] += v_[1];
    v_[1] = turn(v_[1], 13) ^ v_[0];
    v_[0] = turn(v_[0], 32);
    v_[2] += v_[3];
    v_[3] = turn(v_[3], 16) ^ v_[2];
    v_[0] += v_[3];
    v_[3] = turn(v_[3], 21) ^ v_[0];
    v_[2] += v_[1];
    v_[1] = turn(v_[1], 17) ^ v_[2];
    v_[2] = turn(v_[2], 32);
  }

  std::array<std::uint64_t, 4> v_;
};

}  // namespace detail

inline std::uint32_t path_set::hash(node_id parent, std::string_view name) const noexcept {
  detail::sip_hash sip(key_);
  sip.word(std::uint64_t{parent} << 32U | name.size());
  for (std::size_t i = 0; i < name.size(); i += 8) {
    std::uint64_t m = 0;
    for (std::size_t j = i; j < std::min(i + 8, name.size()); ++j) {
      m |= std::uint64_t{static_cast<unsigned char>(name[j])} << (8U * (j - i));
    }
    sip.word(m);
  }
  return static_cast<std::uint32_t>(sip.finish());
}

inline std::size_t path_set::slot_of(node_id parent, std::string_view name) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash(parent, name) & mask;; slot = (slot + 1) & mask) {
    const node_id id = slots_[slot];
    if (id == root || (this->parent(id) == parent && this->name(id) == name)) return slot;
  }
}

inline void path_set::grow() {
  slots_.assign(slots_.size() * 2, root);
  const std::size_t mask = slots_.size() - 1;
  for (node_id id = 0; id < nodes_.size(); ++id) {
    std::size_t slot = hash(parent(id), name(id)) & mask;
    while (slots_[slot] != root) slot = (slot + 1) & mask;
    slots_[slot] = id;
  }
}

inline path_set::node_id path_set::insert(node_id parent, std::string_view name, entry_kind kind,
                                          bool announced) {
  if ((nodes_.size() + 1) * 2 > slots_.size()) grow();
  const auto id = static_cast<node_id>(nodes_.size());
  slots_[slot_of(parent, name)] = id;
  node made{};
  made.parent = parent & no_parent;
  made.kind = static_cast<std::uint32_t>(kind) & 3U;
  made.announced = announced ? 1 : 0;
  made.name_offset = static_cast<std::uint32_t>(names_.size());
  nodes_.push_back(made);
  names_ += name;
  return id;
}

inline result<path_set::node_id> path_set::add(std::string_view path, entry_kind kind) {
  // Offsets have 32 bits and ids 29; a path adds at most its own length to either.
  if (names_.size() + path.size() > UINT32_MAX || nodes_.size() + path.size() >= no_parent) {
    return fail(errc::manifest_invalid, 0, "more names than can be kept");
  }
  node_id parent = root;
  for (std::size_t start = 0;;) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view name = path.substr(start, end - start);
    TALLOW_ASSERT(!name.empty() && name.size() <= UINT8_MAX);
    const bool leaf = end == path.size();
    const node_id found = slots_[slot_of(parent, name)];
    if (found == root) {
      // Nothing below a new node exists, so from here on nothing can fail.
      parent = insert(parent, name, leaf ? kind : entry_kind::directory, leaf);
      if (leaf) return parent;
    } else if (leaf) {
      node& n = nodes_[found];
      if (n.announced) return fail(errc::path_duplicate);
      if (kind != entry_kind::directory) {
        return fail(errc::manifest_invalid, 0, "a folder that others lie in is said to be none");
      }
      n.announced = 1;
      return found;
    } else {
      if (this->kind(found) != entry_kind::directory) {
        return fail(errc::manifest_invalid, start, "a path leads through a file or link");
      }
      parent = found;
    }
    start = end + 1;
  }
}

inline std::optional<path_set::node_id> path_set::find(std::string_view path) const noexcept {
  node_id found = root;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view name = path.substr(start, end - start);
    found = slots_[slot_of(found, name)];
    if (found == root) return std::nullopt;
    start = end + 1;
  }
  return found;
}

inline std::string path_set::path(node_id id) const {
  std::size_t bytes = 0;
  for (node_id n = id; n != root; n = parent(n)) bytes += name(n).size() + 1U;
  std::string text(bytes - 1, '/');
  std::size_t end = bytes - 1;
  for (node_id n = id; n != root; n = parent(n)) {
    const std::string_view part = name(n);
    text.replace(end - part.size(), part.size(), part);
    end -= std::min(end, part.size() + 1);
  }
  return text;
}

}  // namespace tallow::transfer
