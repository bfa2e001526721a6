// echo: returns what it is sent, and measures the way there and back. Operators run it to learn
// what a link, a proxy or a firewall does to their traffic.
#pragma once

#include <cstdint>
#include <memory>

#include "access/credential.hpp"
#include "cli/command.hpp"

namespace netkit::echo {

extern const cli::Command command;

/// Ports of the transports that `serve --all` offers and `compare` tries.
inline constexpr std::uint16_t port = 9090;  // tcp and udp
inline constexpr std::uint16_t tls_port = 9093;
inline constexpr std::uint16_t ws_port = 9094;
inline constexpr std::uint16_t wss_port = 9095;
inline constexpr std::uint16_t sctp_port = 9096;
/// The unix socket of `serve --all`, in the state directory.
inline constexpr const char* socket_name = "echo.sock";

/// How messages are told apart on a byte stream; raw: not at all.
enum class Framing { raw, frame, len64, line };
/// How a token is shown on such a stream.
access::Showing showing_of(Framing framing);
/// Declares --framing.
void declare_framing(cli::Options& options, Framing& framing);

std::unique_ptr<cli::Action> make_serve();
std::unique_ptr<cli::Action> make_send();
std::unique_ptr<cli::Action> make_ping();
std::unique_ptr<cli::Action> make_bench();
std::unique_ptr<cli::Action> make_compare();

}  // namespace netkit::echo
