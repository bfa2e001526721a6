// What the verbs of `netkit peer` have in common that look at who is here, and do not enter.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "commands/presence/circle.hpp"
#include "commands/presence/peer_options.hpp"

namespace netkit::presence {

/// Runs `look` beside a circle as a client, until `look` ends or a signal ends both.
Status with_circle(const cli::Context& context, const PeerOptions& options,
                   std::function<asio::awaitable<Status>(Circle& circle)> look);

/// Whoever tells the roster, if that is worth a word: nobody does, or who does is cut off.
std::string remark(const Circle::Source& source);
/// Says it on stderr, but not under -q.
void say_remark(const cli::Context& context, std::string_view text);

/// The entries as lines of a table, with a header and aligned; escape_for_display() is not needed,
/// as names have been checked.
std::string table_text(const std::vector<const Entry*>& entries);

}  // namespace netkit::presence
