// Asks for the code.
#pragma once

#include <optional>

#include <asio/awaitable.hpp>

#include <tallow/base/secret.hpp>

#include "reporter.hpp"

namespace tallow::cli {

/// At a terminal with completion of words; else a line of standard input.
///
/// @shape  returns as read_line()
[[nodiscard]] asio::awaitable<std::optional<secret_buffer>> ask_for_code(reporter& report);

}  // namespace tallow::cli
