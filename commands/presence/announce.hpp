// What --announce of every server does: `netkit discover` and completion list it then.
#pragma once

#include <asio/io_context.hpp>
#include <memory>

#include "base/result.hpp"
#include "cli/announcer.hpp"
#include "cli/command.hpp"

namespace netkit::presence {

/// As cli::Command::announce. Errors as PeerKeys, and Errc::usage for a name nobody could show.
Result<std::unique_ptr<cli::Announcer>> announce_server(const cli::Context& context,
                                                        asio::io_context& io,
                                                        const cli::Announced& server);

}  // namespace netkit::presence
