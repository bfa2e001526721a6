// The events that all servers have, and the names out of lists in markup.
#include "cli/events.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "cli/event_commands.hpp"
#include "cli/packed_text.hpp"

namespace netkit::cli {
namespace {

constexpr std::string_view text = R"(
`start`, `stop` :: `version`, `pid`; `accepted`, the number of connections, or `error`.

`listen`, `metrics` :: `endpoint`; of a port that was taken also `wanted`.

`tls` :: `fingerprint` of the certificate.

`accept` :: `error` of what could not be accepted; with `--log-level trace` also `address` and
`port` of each.

`connect` :: `address`, `port`, `dialect`, `active`, the number of connections.

`disconnect` :: The same, `reason`, `duration`.

`refuse` :: `address`, `reason`; of who said nothing that was understood also what `disconnect` has.

`authz_fail` :: `address`, `port`, `reason`: a token is missing, wrong or not good for it.

`auth` :: `endpoint`, `state`: whether the auth service is there.

`trust` :: `server`, `fingerprint`, `hint` of another server whose certificate is seen first.

`drain`, `reload` :: `active`, `limit`, `reason`; nothing, or `error`.

`reaction` :: `command` and `output`, `end` or `error` of an `--on`.

`dropped` :: `lines` that the log could not take.

`failed` :: `error`: why a server ends that cannot go on.

`multicast`, `multicast_off`, `multicast_join`, `multicast_join_failed`, `multicast_leave`,
`multicast_send_failed`, `interfaces_polled` :: Of what announces itself: `interface` or `group`,
`family`, `reason` or `error`.

`daemon`, `sctp` :: The same: `endpoint` or `address`, `port`, of a presence daemon, and `error`.
)";
constexpr auto bytes = packed<packed_size(text)>(text);

/// What comes before or after commands are run, or of them.
constexpr std::array<std::string_view, 3> never_followed{"dropped", "failed",
                                                         Reactions::event_name};

/// `markup` has items "`one`, `two` :: what they tell", also over several lines, up to a heading.
void append_names(std::string_view markup, std::vector<std::string>& names) {
  markup = markup.substr(0, markup.find("\n# "));
  for (std::size_t at = 0; at < markup.size();) {
    const std::size_t end = std::min(markup.find("\n\n", at), markup.size());
    const std::string_view item = markup.substr(at, end - at);
    at = end + 2;
    const std::size_t tag_end = item.find(" :: ");
    if (tag_end == std::string_view::npos) continue;
    const std::vector<std::string_view> parts = split(item.substr(0, tag_end), '`');
    for (std::size_t i = 1; i < parts.size(); i += 2)
      if (std::ranges::find(never_followed, parts[i]) == never_followed.end())
        names.emplace_back(parts[i]);
  }
}

}  // namespace

const std::string_view common_events = view_of(bytes);

std::vector<std::string> event_names(const Command& command) {
  constexpr std::string_view heading = "\n# EVENTS\n\n";
  std::vector<std::string> names;
  append_names(unpacked(common_events), names);
  const std::string manual = unpacked(command.manual);
  if (const std::size_t at = manual.find(heading); at != std::string::npos)
    append_names(std::string_view{manual}.substr(at + heading.size()), names);
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Status check_events(const std::vector<Reaction>& reactions, const std::vector<std::string>& known,
                    std::string_view command) {
  for (const Reaction& each : reactions) {
    if (each.event == all_events || std::ranges::binary_search(known, each.event)) continue;
    std::vector<std::string_view> names{known.begin(), known.end()};
    names.push_back(all_events);
    const std::string meant = did_you_mean(each.event, names);
    return Error{
        Errc::usage, "react to '" + each.event + "', which " + std::string{command} + " never logs",
        meant.empty() ? "netkit man and netkit man " + std::string{command} + " list its events"
                      : meant};
  }
  return ok;
}

}  // namespace netkit::cli
