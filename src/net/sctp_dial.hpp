// Connects by the kernel's SCTP, ours in user space, or whichever answers: net/sctp_choice.hpp says
// when. Used by connect(), and by who has settings of its own.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>

#include "base/result.hpp"
#include "net/sctp_choice.hpp"
#include "net/sctp_stack.hpp"
#include "net/stream.hpp"

namespace netkit::net {

/// A stream to that port of a peer that has these addresses, until `until` at the latest. The port
/// is the same in SCTP and, in user space, in UDP.
asio::awaitable<Result<Stream>> dial_sctp(SctpHosts hosts, std::uint16_t port,
                                          SctpSettings settings, SctpChoice choice,
                                          std::chrono::steady_clock::time_point until);

}  // namespace netkit::net
