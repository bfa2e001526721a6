// Which certificate each server showed the first time, in a text file a person can edit, like
// ssh's: trust on first use. Used by clients without --tls-ca and --tls-fingerprint.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit::identity {

/// One line a server: `HOST:PORT SHA256:HEX`. Comments and lines it does not understand are kept.
class KnownHosts {
 public:
  explicit KnownHosts(std::string path) : path_{std::move(path)} {}

  enum class Verdict { known, added };

  /// Compares `fingerprint` with the line for `server` ("host:port"). A server without a line gets
  /// one: `added`. Errc::refused, with what to do, if it shows another certificate than
  /// before. Several processes may do this at a time; Errc::busy if one of them keeps the file
  /// locked for 2 s.
  Result<Verdict> check(std::string_view server, std::string_view fingerprint) const;

 private:
  std::string path_;
};

}  // namespace netkit::identity
