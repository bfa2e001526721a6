// Server certificates: made when there is none, loaded, told apart by fingerprint. Used by every
// TLS listener. Knows no sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::identity {

/// A certificate chain and its private key, both PEM.
struct Credentials {
  std::string certificate;
  std::string key;
};

/// ECDSA P-256, valid ten years from `now_s` (seconds since 1970), for `names`: DNS names and
/// addresses as subjectAltName (RFC 5280, 4.2.1.6), the first one as common name.
Result<Credentials> make_self_signed(const std::vector<std::string>& names, std::int64_t now_s);

/// The pair in DIR/tls-cert.pem and DIR/tls-key.pem (mode 0600), made if neither is there.
Result<Credentials> load_or_make(const std::string& directory,
                                 const std::vector<std::string>& names, std::int64_t now_s);

Result<Credentials> load(const std::string& certificate_path, const std::string& key_path);

/// "SHA256:" and 64 hex digits: the hash of the first certificate's DER form, which is what
/// `openssl x509 -fingerprint -sha256` prints with colons.
Result<std::string> fingerprint(std::string_view certificate_pem);

/// A fingerprint as people paste it, with or without "SHA256:", colons and capitals, in the form of
/// fingerprint(). Errc::usage unless it has 64 hex digits.
Result<std::string> parse_fingerprint(std::string_view text);

}  // namespace netkit::identity
