// Which addresses count as one source of attempts. Pure; used by the throttle and the limit on
// registrations.
#pragma once

#include <string>
#include <string_view>

namespace netkit::auth {

/// "192.0.2.1" (also for v4-mapped v6) or "2001:db8:0:1::/64": who has one v6 address has its whole
/// network. A zone ("%eth0") is left out. Empty for loopback, "unix" and what is no address: those
/// are not told apart, and not held up as a source.
std::string source_block(std::string_view address);

/// An address in its one spelling, a v4 one inside a v6 one as what it is, without a zone; empty
/// for what is no address.
std::string plain_address(std::string_view address);

}  // namespace netkit::auth
