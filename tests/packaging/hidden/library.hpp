// What both libraries offer, each in the namespace of its name.
#pragma once

#include <system_error>

#include <tallow/base/error.hpp>

#define LIBRARY_FUNCTIONS(name)                                                        \
  namespace name {                                                                     \
  __attribute__((visibility("default"))) std::error_code code(tallow::errc code);      \
  __attribute__((visibility("default"))) std::error_condition whose(tallow::cond);     \
  __attribute__((visibility("default"))) bool is_peers(const std::error_code& code);   \
  __attribute__((visibility("default"))) bool is_ours(const std::error_code& code);    \
  __attribute__((visibility("default"))) void insist(const tallow::result<int>& some); \
  }

LIBRARY_FUNCTIONS(first)
LIBRARY_FUNCTIONS(second)
