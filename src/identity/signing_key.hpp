// What the holder of a token derives from it alone: the id of its session and the key that signs
// its tickets. Servers keep the id and the public key, from which no ticket can be made.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "identity/key_pair.hpp"
#include "identity/secret.hpp"

namespace netkit::identity {

inline constexpr std::size_t session_id_size = 16;

/// The Ed25519 public key, 32 raw bytes, whose private key is HKDF-SHA-256 (RFC 5869) of the whole
/// token text with the salt "netkit ticket 1" and no info. Errc::usage for what is no token.
Result<std::string> ticket_public_key(std::string_view token);

/// The id of the session that a token belongs to: the first 16 raw bytes of SHA-256 of
/// "netkit session 1" and the token. Public: it grants nothing and leads to no token. Shown as 32
/// hex digits.
std::string session_id_of(std::string_view token);

/// The holder's Ed25519 signature (RFC 8032), 64 raw bytes. Errc::usage for what is no token.
Result<std::string> sign_as_holder(std::string_view token, std::string_view message);

/// RFC 5869 with SHA-256; `size` up to 8,160.
Result<Secret> hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info,
                           std::size_t size);

}  // namespace netkit::identity
