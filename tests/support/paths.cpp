#include "support/paths.hpp"

namespace tallow::test {

std::filesystem::path source_path(const std::filesystem::path& name) {
  return std::filesystem::path(TALLOW_SOURCE_DIR) / name;
}

std::filesystem::path vector_path(const std::filesystem::path& name) {
  return source_path("tests/vectors") / name;
}

}  // namespace tallow::test
