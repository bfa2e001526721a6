// Who a client says it is: --token, --token-file, or the stored sign-in of `netkit auth login`,
// which itself goes to its auth service alone; others get a ticket made from it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/client.hpp"
#include "cli/command.hpp"
#include "identity/secret.hpp"

namespace netkit::cli {

/// True where nobody else reads what is sent: under TLS, on this machine.
bool is_private(const net::Endpoint& to);

/// What tells the server at the other end of `stream`, which was connected to `to`, from others: by
/// what we see ourselves, not by what it says.
std::string audience_at(const net::Endpoint& to, const net::Stream& stream);

class Credential {
 public:
  /// Reads the file, or standard input, once. Errc::usage for both options, Errc::refused for
  /// a text that can be no token.
  static Result<Credential> of(const Context& context, const ClientOptions& client);

  /// Given by an option, not found in the store.
  bool is_given() const { return !given_.empty(); }
  /// Before connecting: whether there is anything to show at `to`. Errc::refused where others could
  /// read what was given.
  Result<bool> fits(const net::Endpoint& to) const;
  /// What to show to `service` at `to`, or nothing. What was given goes as it is, and is
  /// Errc::refused where others could read it. Of a stored sign-in a ticket goes, for a minute, for
  /// that service and for that server alone, which is `audience`, and for `verbs` alone if there
  /// are any; nothing where others could read it.
  Result<std::string> for_service(std::string_view service, const net::Endpoint& to,
                                  std::string audience, std::vector<std::string> verbs = {}) const;

 private:
  identity::Secret given_;
  identity::Secret stored_;
};

}  // namespace netkit::cli
