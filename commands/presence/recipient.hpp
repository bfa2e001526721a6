// Whom a name means: one of those who are here, told apart from others of that name, or why it is
// nobody now. For whatever sends messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/presence/roster.hpp"
#include "net/endpoint.hpp"

namespace netkit::presence {

struct Recipient {
  std::string shown;                   ///< "ana (2)"; empty for an endpoint: whoever is there.
  std::string name;                    ///< What it says it is called, "ana".
  std::string key;                     ///< 32 bytes; empty for an endpoint.
  std::string certificate;             ///< As announced, 32 bytes, or empty.
  std::vector<std::string> addresses;  ///< To be tried in this order.
  std::uint16_t port = 0;
};

/// Whether `text` is HOST:PORT or the like: names have no ':'.
bool is_endpoint(std::string_view text);
/// Whoever listens there. Errc::usage for anything but [tls://]HOST:PORT.
Result<Recipient> recipient_at(std::string_view endpoint);

/// Picks among `called`, those that Roster::called() finds for `name`. A name as it is shown means
/// that one and nobody else: a message to "ana" must not reach "ana (2)" because ana is away.
/// Errors: not_found for nobody; usage for several that are here, with the names as shown; that of
/// an absent one, which is_absent() knows.
Result<const Entry*> pick(const std::vector<const Entry*>& called, std::string_view name);

/// Where it takes messages. `teller` is the host of the daemon that told of it, empty if it was
/// heard directly: what is loopback there is that host here.
Recipient recipient_of(const Entry& entry, std::string_view teller);

/// Whether the error says that somebody known is not here: exit code 3.
bool is_absent(const Error& error);

}  // namespace netkit::presence
