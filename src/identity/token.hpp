// Bearer tokens and one-time codes: made from the kernel's randomness, kept as hashes only. Every
// service that gives or checks one uses this.
#pragma once

#include <string>
#include <string_view>

namespace netkit::identity {

/// "nk_" and 43 characters of base64url (RFC 4648, 5): 256 random bits.
std::string make_token();

/// True for the form that make_token() gives; says nothing about who issued it.
bool is_token(std::string_view text) noexcept;

/// "XXXX-XXXX-XXXX" of letters and digits that cannot be mistaken for one another: 60 random bits,
/// for a person to type once.
std::string make_code();

/// A typed code in the form of make_code(): capitals, dashes where they belong.
std::string normal_code(std::string_view typed);

/// SHA-256, 32 raw bytes. Secrets of this much randomness need no salt and no slow hash.
std::string secret_hash(std::string_view secret);

}  // namespace netkit::identity
