// What the verbs of shutdown-server have in common: naming hosts, showing what the server says.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "wire/json.hpp"

namespace netkit::shutdown {

struct Hosts {
  std::vector<std::string> names;
  bool all_matching = false;
};

/// Names of the hosts that the server on this machine knows, for completion.
std::vector<std::string> known_names(const cli::Typed& typed);

void declare_hosts(cli::Options& options, Hosts& hosts);
void add_hosts(JsonObject& to, const Hosts& hosts);

/// One object of the server's: as it is under --json, else these members of it, tab-separated
/// without what is empty at the end.
Status show_line(cli::Context& context, const wire::Json& object,
                 std::initializer_list<std::string_view> members);
/// One step of a plan that was not carried out.
Status show_step(cli::Context& context, const wire::Json& step);

}  // namespace netkit::shutdown
