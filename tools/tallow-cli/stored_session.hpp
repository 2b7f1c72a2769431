// What `tallow-cli resume` needs to go on without a code, in the user's private state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/crypto/resume_keys.hpp>

namespace tallow::cli {

/// What a session was told, so that it can be told it again. No secret.
struct session_facts {
  bool is_sender = false;
  std::string relay;
  std::vector<std::filesystem::path> paths;  ///< absolute; of a receiver, the one that gets it
  std::uint32_t lanes = 0;
  std::string compress;
  std::string on_conflict;          ///< of a receiver
  std::vector<std::string> only{};  ///< of a receiver
  std::vector<std::string> excluded{};
  bool obeys_git = false;
  bool follows_links = false;
  bool signs = false;          ///< of a sender
  std::string from{};          ///< of a receiver: from whom alone
  std::string proxy{};         ///< between us and the relay, without a login; empty: none
  std::string direct{"auto"};  ///< what --direct said
  bool is_local = false;       ///< the relay is the sender's own
};

/// A session that did not come to its end.
struct stored_session {
  std::string id;  ///< the name of its file
  session_facts facts;
  crypto::resume_keys keys;
};

/// The sessions that are stored. Files of one user, 0600, in $XDG_STATE_HOME/tallow/sessions or
/// ~/.local/state/tallow/sessions; each holds the keys of its session, and is removed when that
/// ends, or after a day.
class session_store {
 public:
  /// Nothing where the environment names no such place: then nothing is stored.
  [[nodiscard]] static std::optional<session_store> find();

  /// Stores a session, or replaces what is stored of it. It is on the disk when this returns.
  ///
  /// @errors  file_failed, disk_full and what else the system says
  [[nodiscard]] result<void> save(const session_facts& facts,
                                  const crypto::resume_keys& keys) const;

  /// Forgets a session. Nothing happens when it is not stored.
  void forget(const std::string& id) const;

  /// All that are stored, the newest first. Those that are a day old are removed before.
  [[nodiscard]] std::vector<stored_session> all() const;

  /// What a session with these keys is called.
  [[nodiscard]] static std::string id_of(const crypto::resume_keys& keys);

 private:
  explicit session_store(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
};

/// Keeps what is stored of one session up to date.
class session_record {
 public:
  session_record(std::optional<session_store> store, session_facts facts)
      : store_(std::move(store)), facts_(std::move(facts)) {}

  /// The keys have changed.
  void save(const crypto::resume_keys& keys) {
    id_ = session_store::id_of(keys);
    is_stored_ = store_ && store_->save(facts_, keys);
  }

  /// Where the other side is met; save() is due.
  ///
  /// @param proxy  without its login; empty: none
  void use_relay(std::string relay, std::string proxy) {
    facts_.relay = std::move(relay);
    facts_.proxy = std::move(proxy);
  }

  /// It is the sender's own; save() is due.
  void use_local_relay() { facts_.is_local = true; }

  /// What a receiver wants of the offer; save() is due.
  void set_only(const std::vector<std::string>& patterns) { facts_.only = patterns; }

  /// There is nothing to go on with.
  void forget() {
    if (store_ && !id_.empty()) store_->forget(id_);
    is_stored_ = false;
  }

  [[nodiscard]] bool is_stored() const noexcept { return is_stored_; }

 private:
  std::optional<session_store> store_;
  session_facts facts_;
  std::string id_;
  bool is_stored_ = false;
};

}  // namespace tallow::cli
