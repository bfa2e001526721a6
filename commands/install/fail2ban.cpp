// Anybody can have text logged that looks like an event of ours, but not at a line's beginning:
// there stand at most the time and whom the journal names. The address comes first, or behind a
// value that is quoted where it could look like one.
#include "commands/install/fail2ban.hpp"

namespace netkit::install {

std::string_view fail2ban_filter() {
  return R"filter(# /etc/fail2ban/filter.d/netkit.conf: passwords, tokens and codes that were wrong.
# A jail for it, in /etc/fail2ban/jail.d/netkit.conf:
#   [netkit]
#   enabled  = true
#   port     = 2000,2002,8765,9090:9092
#   backend  = systemd
#   journalmatch = SYSLOG_IDENTIFIER=netkit
#   maxretry = 10
[Definition]
_value = (?:"(?:[^"\\]|\\.)*"|[^\s"]+)
_begin = \s*(?:\S+ netkit(?:\[\d+\])?: )?(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?warn
_why = reason="cannot (?:accept|enrol)\s(?!over a)
failregex = ^%(_begin)s auth: authn_login_(?:fail|lock) user=%(_value)s address=<ADDR> port=\d
    ^%(_begin)s auth: authz_fail user=\(unknown\) address=<ADDR> port=\d+ reason=
    ^%(_begin)s [a-z-]+: authz_fail address=<ADDR> (?:port=\d+ \S+ )?reason="cannot accept the t
    ^%(_begin)s shutdown-server: refuse address=<ADDR> (?:host=%(_value)s )?%(_why)s
ignoreregex =
datepattern = {^LN-BEG}%%Y-%%m-%%dT%%H:%%M:%%S\.%%f%%z
)filter";
}

}  // namespace netkit::install
