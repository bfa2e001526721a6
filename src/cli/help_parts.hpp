// What --help and the manual pages both tell of a verb, from the same declarations. Knows neither
// columns nor roff.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace netkit::cli {

/// "netkit echo ping", or "netkit relay" for a verb without a name.
std::string spoken(const Command& command, const Verb& verb);

/// "netkit echo ping [OPTIONS] [ENDPOINT]".
std::string usage_line(const Command& command, const Verb& verb, const Options& options);

/// "-s, --shape round|square", "--wait[=DUR]", "FILE...".
std::string option_form(const Option& option);
/// What it does, whether it may be repeated, its default.
std::string option_meaning(const Option& option);

/// Under what it is listed: "Arguments" for those.
std::string_view heading_of(const Option& option);
/// Those of one heading together, the headings in the order in which they come; arguments first.
std::vector<const Option*> by_heading(const Options& options);

/// What every exit code means, in the words of `own` where it has some.
std::array<ExitNote, 9> exit_notes(std::span<const ExitNote> own);

}  // namespace netkit::cli
