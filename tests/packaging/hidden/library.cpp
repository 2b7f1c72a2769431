// Built twice, as LIBRARY says.
#include "library.hpp"

namespace LIBRARY {

std::error_code code(tallow::errc code) { return tallow::error{code, 0, "", {}}; }

std::error_condition whose(tallow::cond condition) { return condition; }

bool is_peers(const std::error_code& code) { return code == tallow::cond::peer; }

bool is_ours(const std::error_code& code) { return code.category() == tallow::error_category(); }

void insist(const tallow::result<int>& some) { (void)some.value(); }

}  // namespace LIBRARY
