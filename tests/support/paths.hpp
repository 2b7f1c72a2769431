#pragma once
// Where the files of the source tree are. Absolute paths stand in paths.cpp alone, so that a
// compiler cache filled from one folder serves a clone in another.

#include <filesystem>

namespace tallow::test {

/// The place of `name`, which is relative to the top of the source tree.
std::filesystem::path source_path(const std::filesystem::path& name);

/// The place of `name` below tests/vectors.
std::filesystem::path vector_path(const std::filesystem::path& name);

}  // namespace tallow::test
