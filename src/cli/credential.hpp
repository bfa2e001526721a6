// Who a client says it is: --token, --token-file, or the stored sign-in of `netkit auth login`,
// which itself goes to its auth service alone; others get a ticket made from it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/client.hpp"
#include "cli/command.hpp"
#include "identity/secret.hpp"

namespace netkit::cli {

/// True where nobody else reads what is sent: under TLS, on this machine.
bool is_private(const net::Endpoint& to);

class Credential {
 public:
  /// Reads the file, or standard input, once. Errc::usage for both options, Errc::refused for
  /// a text that can be no token.
  static Result<Credential> of(const Context& context, const ClientOptions& client);

  /// Given by an option, not found in the store.
  bool is_given() const { return !given_.empty(); }
  /// What to show to `service` at `to`, or nothing. What was given goes as it is, and is
  /// Errc::refused where others could read it. Of a stored sign-in a ticket for that service goes,
  /// good for a minute, and nothing where others could read it.
  Result<std::string> for_service(std::string_view service, const net::Endpoint& to) const;

 private:
  identity::Secret given_;
  identity::Secret stored_;
};

}  // namespace netkit::cli
