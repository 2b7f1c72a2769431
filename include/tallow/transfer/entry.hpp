// What a transfer is made of. The wire's own manifest entry, so that nothing is copied twice.
//
// @source  docs/protocol/transfer.md, Manifest
#pragma once

#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// One file, folder or link: path, kind, size, mode, mtime_ns, link_target.
using entry = tallow::manifest_entry;
using tallow::entry_kind;

}  // namespace tallow::transfer
