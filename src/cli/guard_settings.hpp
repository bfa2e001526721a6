// From a server's options to the guard that checks tokens for it: where the auth service is and how
// its certificate is judged.
#pragma once

#include "access/guard.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/server_options.hpp"

namespace netkit::cli {

/// A place of an auth service, completed: TLS off loopback. Errc::refused for one that would be
/// asked in clear by way of others, Errc::usage for a scheme that it does not speak.
Result<net::Endpoint> complete_auth(const net::Endpoint& given);

/// For --require-auth, which must be given. `context` must outlive what is made of it.
Result<access::GuardSettings> guard_settings(const Context& context, const ServerOptions& options);

}  // namespace netkit::cli
