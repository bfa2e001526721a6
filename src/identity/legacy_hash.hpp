// Password hashes that other programs made (shadow, htpasswd): bcrypt, SHA-crypt and yescrypt, by
// crypt(3). They are verified once and then replaced; none is made here.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "identity/secret.hpp"

namespace netkit::identity {

/// Whether matches_legacy() would compute it: `$2a$ $2b$ $2y$` (cost 4 to 14), `$5$ $6$` (1,000 to
/// 1,000,000 rounds), `$y$` (default flavour, at most 1 GiB). Errc::too_large for more,
/// Errc::malformed for anything else.
Status check_legacy(std::string_view encoded);

/// Computes and compares in constant time; check_legacy()'s errors. bcrypt takes the first 72 bytes
/// of a password; the others match none above 511 bytes, which crypt(3) does not take. Blocks for
/// as long as the hash takes.
Result<bool> matches_legacy(std::string_view encoded, const Secret& password);

}  // namespace netkit::identity
