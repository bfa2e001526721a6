// The words behind a command, sorted into options and arguments. The only user of CLI11.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/options.hpp"
#include "config/resolve.hpp"

namespace netkit::cli {

/// What each declared option was given, by name; positional arguments among them. Values are not
/// read yet. Errc::usage for unknown options ("did you mean"), missing values and too many words.
Result<config::Options> parse_words(const Options& options, const std::vector<std::string>& words);

}  // namespace netkit::cli
