// What a receiver gives up before it hears the other side: whoever takes it over by what he sends
// gets to the folder that he may send into anyway, and to little else.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "../shared/sandbox.hpp"

namespace tallow::cli {

/// What a receiver needs of the file system.
struct receiver_places {
  std::optional<std::filesystem::path> target;  ///< the folder that gets it; made if it is missing
  std::optional<std::filesystem::path> state;   ///< of this user; made if it is missing
  std::vector<std::filesystem::path> readable;  ///< more to be read, as far as it is there
};

/// A process that has given up all but receiving: files below its places, what a resolver and TLS
/// read, sockets of IPv4 and IPv6, and no other program.
///
/// Goes on where the kernel lacks a fence. A place that is not to be had is left out: what is done
/// there fails later, and says why.
class receiver_sandbox {
 public:
  /// To be called while no other thread touches files.
  explicit receiver_sandbox(const receiver_places& places);
  receiver_sandbox(const receiver_sandbox&) = delete;
  receiver_sandbox& operator=(const receiver_sandbox&) = delete;
  /// Removes the folders that it has made for the target, if nothing has come into them.
  ~receiver_sandbox();

  /// What this kernel or this build lacks, each for a person.
  [[nodiscard]] const std::vector<std::string>& missing() const noexcept { return missing_; }

 private:
  void make(const std::filesystem::path& target, std::vector<tools::allowed_path>& allowed);

  std::vector<std::string> missing_;
  std::vector<std::filesystem::path> made_;  // the innermost first
};

}  // namespace tallow::cli
