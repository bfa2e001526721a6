// The options of `netkit relay` about links, and what they come to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "commands/relay/links.hpp"

namespace netkit::relay {

struct LinkOptions {
  std::vector<net::Endpoint> to;
  std::vector<std::string> keys;
  std::optional<std::string> token_file;
  std::optional<std::string> tls_ca;
  std::optional<std::string> tls_fingerprint;
  bool insecure = false;
  double rate = 100'000;
};

void declare_links(cli::Options& options, LinkOptions& links);

/// Errc::usage or refused for what makes no sense or would go in clear by way of others. `context`
/// must outlive what is made.
Result<LinksPlan> links_plan(const cli::Context& context, const LinkOptions& options);

}  // namespace netkit::relay
