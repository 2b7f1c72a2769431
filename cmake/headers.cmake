# The public headers of each component, in reading order. Written by hand: a test fails on a
# header that is in include/ and in none of these lists.

# Lowest first; each component may use those before it.
set(tallow_components core crypto transfer session files net tallow)

# base, wire, room
set(tallow_core_headers
  base/assert.hpp
  base/errc.hpp
  base/error.hpp
  base/bytes.hpp
  base/checked.hpp
  base/strong.hpp
  base/units.hpp
  base/time.hpp
  base/limits.hpp
  base/secret.hpp
)

set(tallow_crypto_headers
)

set(tallow_transfer_headers
)

set(tallow_session_headers
)

set(tallow_files_headers
)

set(tallow_net_headers
)

# The umbrella.
set(tallow_tallow_headers
)
