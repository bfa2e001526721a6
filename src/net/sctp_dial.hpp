// Connects to an sctp endpoint by the kernel's SCTP, ours in user space, or whichever answers:
// net/sctp_choice.hpp says when. Used by connect() alone.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>

#include "base/result.hpp"
#include "net/sctp_choice.hpp"
#include "net/sctp_stack.hpp"
#include "net/stream.hpp"

namespace netkit::net {

asio::awaitable<Result<Stream>> dial_sctp(SctpHosts hosts, std::uint16_t port, SctpChoice choice,
                                          std::chrono::steady_clock::time_point until);

}  // namespace netkit::net
