// Unicode forms of secrets by utf8proc, in memory that is wiped. normal_password() and
// new_password() use it.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "identity/secret.hpp"

namespace netkit::identity {

/// NFC (Unicode Standard Annex 15). Errc::not_utf8; Errc::usage for more than 30 combining marks in
/// a row, which no writing has (the same annex, stream-safe text): ordering them takes a time that
/// grows with the square of their number.
Result<Secret> composed(std::string_view text);

/// What is left when case and compatibility forms are made equal (NFKC with case folding): for
/// comparing with words only. Errors as above.
Result<Secret> folded(std::string_view text);

}  // namespace netkit::identity
