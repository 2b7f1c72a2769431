// What was sent and received, so that a person can look it up. No code and no key is in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;

namespace tallow::cli {

/// A transfer that is over, well or not.
struct past_transfer {
  std::int64_t started = 0;  ///< seconds since 1970
  std::int64_t ended = 0;
  bool is_sender = false;
  std::string relay;               ///< HOST:PORT
  std::vector<std::string> names;  ///< of what was sent or received, those on top
  std::string folder;              ///< where it was received
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::string result;  ///< "done", or the name of an error
};

/// A file of SQLite in the user's private state.
class history {
 public:
  /// The file is made where it is missing, readable by its owner alone.
  ///
  /// @param trouble  says why, where nothing is returned
  [[nodiscard]] static std::optional<history> open(std::string& trouble);

  /// Other programs of ours may write at the same time; they are waited for, two seconds at most.
  ///
  /// @return why it could not be kept, or nothing
  [[nodiscard]] std::optional<std::string> add(const past_transfer& one);

  /// The last ones, the newest first.
  ///
  /// @return nothing, and why in `trouble`, where the file cannot be read
  [[nodiscard]] std::optional<std::vector<past_transfer>> last(std::uint64_t count,
                                                               std::string& trouble);

  /// Forgets all of them.
  ///
  /// @return why not, or nothing
  [[nodiscard]] std::optional<std::string> clear();

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

 private:
  struct closer {
    void operator()(::sqlite3* database) const noexcept;
  };

  history(std::unique_ptr<::sqlite3, closer> database, std::filesystem::path file) noexcept
      : database_(std::move(database)), file_(std::move(file)) {}

  [[nodiscard]] std::optional<std::string> run(const char* statements);
  [[nodiscard]] std::string why() const;

  std::unique_ptr<::sqlite3, closer> database_;
  std::filesystem::path file_;
};

}  // namespace tallow::cli
