// The lines that all units share, and the ones that a service changes.
#include "commands/install/units.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "config/resolve.hpp"

namespace netkit::install {
namespace {

/// systemd.exec(5). What is not said here is said by DynamicUser= or by the service.
constexpr std::string_view walls =
    R"(StateDirectoryMode=0700
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service landlock_create_ruleset landlock_add_rule landlock_restrict_self
SystemCallFilter=~@privileged @resources @keyring
)";

/// As the first word of ExecStart= (systemd.service(5), "Command lines").
std::string quoted(std::string_view program) {
  std::string text;
  for (const char each : program)
    text.append(each == '%' ? 2 : 1, each);
  return text.find_first_of(" ;") == std::string::npos ? text : '"' + text + '"';
}

/// How secrets get in: root's files, of which the unit is handed copies.
std::string secrets_part(const Service& service) {
  std::string text =
      "# Secrets stay in root's files; this unit gets copies. In a drop-in (systemctl edit), one "
      "or some of:\n";
  for (const std::string_view option : split(service.secrets, ' ')) {
    const std::string name{option};
    text += "#   LoadCredential=" + name + ":/etc/netkit/" + std::string{service.name} + "." +
            name + "\n#   Environment=" + config::variable_name(service.name, name) + "=%d/" +
            name + "\n";
  }
  return text;
}

std::string walls_part(const Service& service) {
  std::string text;
  if (!service.root) text += "DynamicUser=yes\nPrivateUsers=yes\n";
  text += "StateDirectory=netkit/" + std::string{service.name} + "\n";
  text += walls;
  if (!service.system_calls.empty())
    text += "SystemCallFilter=" + std::string{service.system_calls} + "\n";
  if (!service.whole_proc) text += "ProcSubset=pid\n";
  return text + "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6" + std::string{service.families} +
         "\n";
}

std::string title(const Service& service) {
  const std::string name{service.name};
  return "# As netkit unit prints it. Changes belong into a drop-in: systemctl edit netkit-" +
         name + "\n[Unit]\nDescription=netkit " + name + ": " + std::string{service.summary} + "\n";
}

}  // namespace

bool fits_unit(std::string_view program) {
  return program.starts_with('/') && program.find_first_of("\"'\\") == std::string_view::npos &&
         std::ranges::none_of(program,
                              [](unsigned char each) { return each < ' ' || each == 0x7F; });
}

std::string service_unit(const Service& service, std::string_view program) {
  std::string text = title(service);
  text += "Wants=network-online.target\nAfter=network-online.target\n\n[Service]\n";
  text += service.own;
  text += "ExecStart=" + quoted(program) + " " + std::string{service.start} + "\n";
  text += service.hears_others
              ? "Type=notify\nWatchdogSec=30s\nExecReload=/bin/kill -HUP $MAINPID\n"
              : "Type=exec\nNotifyAccess=main\n";
  text += "Restart=on-failure\nRestartSec=5s\nLimitNOFILE=524288\n\n";
  text += secrets_part(service) + "\n" + walls_part(service);
  return text + "\n[Install]\nWantedBy=multi-user.target\n";
}

std::string socket_unit(const Service& service) {
  return title(service) + "\n[Socket]\n" + std::string{service.socket} +
         "\n[Install]\nWantedBy=sockets.target\n";
}

}  // namespace netkit::install
