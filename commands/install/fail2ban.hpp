// The filter by which fail2ban finds failed sign-ins in the logs of all servers. Used by `netkit
// unit fail2ban`.
#pragma once

#include <string_view>

namespace netkit::install {

/// What belongs into /etc/fail2ban/filter.d/netkit.conf.
std::string_view fail2ban_filter();

}  // namespace netkit::install
