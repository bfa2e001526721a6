// The PHC string of an Argon2id hash, between its text and its fields. password.cpp uses it;
// nothing here computes a hash.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "identity/password.hpp"

namespace netkit::identity {

/// `$argon2id$v=19$m=M,t=T,p=P[,keyid=ID]$SALT$TAG`
struct PhcHash {
  HashParameters parameters;
  std::string key_id;  ///< Base64 letters as they stand; empty for none.
  std::string salt;    ///< Raw, 8 to 64 bytes.
  std::string tag;     ///< Raw, 16 to 64 bytes.
};

std::string to_text(const PhcHash& hash);

/// The fields, each in the only form that to_text() gives it. Errc::too_large for parameters that
/// are well formed and above what is ever computed; Errc::malformed for anything else.
Result<PhcHash> parse_phc(std::string_view text);

/// Errc::usage for parameters that are never computed, whoever asks.
Status check_ceiling(const HashParameters& parameters);

}  // namespace netkit::identity
