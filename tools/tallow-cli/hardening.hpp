// Keeps the code out of core dumps, the process list and the environment.
#pragma once

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>

namespace tallow::cli {

/// No core dump of this process, and no look into it by others of the same user.
inline void forbid_dumps() {
  const ::rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
#if !defined(TALLOW_SANITIZED)  // the leak checker attaches to its own process
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/// Takes a variable out of the environment and wipes it there: children and /proc see it no more.
[[nodiscard]] inline secret_buffer take_environment(const char* name) {
  char* value = std::getenv(name);
  if (value == nullptr) return {};
  secret_buffer taken(as_bytes(std::string_view(value)));
  wipe(std::as_writable_bytes(std::span(value, std::strlen(value))));
  ::unsetenv(name);
  return taken;
}

/// Overwrites the arguments that are `secret`, or end with it behind a `=`, which the process list
/// would show.
inline void hide_argument(int argc, char** argv, std::string_view secret) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view whole(argv[i], std::strlen(argv[i]));
    if (!whole.ends_with(secret)) continue;
    const std::size_t at = whole.size() - secret.size();
    if (at == 0 || whole[at - 1] == '=') std::memset(argv[i] + at, 'x', secret.size());
  }
}

}  // namespace tallow::cli
