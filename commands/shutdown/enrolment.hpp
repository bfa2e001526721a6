// Which servers an agent obeys: how their endpoints are completed, when a token may travel, and the
// file that remembers enrolments. Opens no socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/endpoint.hpp"

namespace netkit::shutdown {

/// `given` with scheme, host and port: ws on loopback, wss elsewhere. Errc::refused for ws:// off
/// loopback, as anyone on the way could give orders, unless `insecure`.
Result<net::Endpoint> complete_server(const net::Endpoint& given, bool insecure);

/// True if nobody on the way can read along: TLS, loopback, unix socket.
bool is_private(const net::Endpoint& server);

/// What one server gave us when we enrolled.
struct Enrolment {
  std::string server;       ///< The endpoint as text.
  std::string fingerprint;  ///< The certificate it showed then; empty: an authority vouched for it.
  std::string token;

  friend bool operator==(const Enrolment&, const Enrolment&) = default;
};

/// STATE/enrolment, one line a server: `ENDPOINT FINGERPRINT TOKEN`, with `-` for no fingerprint.
/// Mode 0600. Other lines are kept.
class EnrolmentFile {
 public:
  explicit EnrolmentFile(const std::string& state) : path_{state + "/enrolment"} {}

  /// None if we never enrolled there. An error if the file is there and cannot be read.
  Result<std::optional<Enrolment>> find(std::string_view server) const;
  /// Replaces the line of this server.
  Status keep(const Enrolment& enrolment) const;

 private:
  Result<std::string> read() const;

  std::string path_;
};

}  // namespace netkit::shutdown
