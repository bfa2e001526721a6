// `netkit man`: the manual pages of all commands, and three of netkit as a whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace netkit::manual {

extern const cli::Command command;

/// What `netkit man` takes: "netkit", the commands, "netkit.toml" and "netkit-wire".
std::vector<std::string_view> page_names(cli::Table table);

/// As roff. Also by the names that pages are known by: "netkit-echo". nullopt: there is no such.
std::optional<std::string> page_of(std::string_view name, cli::Table table);

/// The pages that are written by hand, in the markup of cli/roff.hpp, packed (cli/packed_text.hpp).
extern const std::string_view overview_page;
extern const std::string_view toml_page;
extern const std::string_view wire_page;

}  // namespace netkit::manual
