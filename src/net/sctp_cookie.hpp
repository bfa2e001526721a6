// Binds the cookie of a handshake to the address it was given to. usrsctp knows a peer by a small
// number, which many addresses share: with that alone somebody could take a cookie and let what the
// association sends go to another's address. Pure; used by SctpStack.
#pragma once

#include <asio/ip/udp.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netkit::net {

/// `init_ack` with eight more bytes at the end of its cookie, which show that it went to `peer`,
/// and the checksum anew. As it is if it has no cookie.
std::string bind_cookie(std::string_view init_ack, std::uint64_t key,
                        const asio::ip::udp::endpoint& peer);

/// The packet, which begins with COOKIE ECHO, with the cookie as it was before bind_cookie(), and
/// the checksum anew; nullopt if it was not bound to `peer`, with this key, these ports and tag.
std::optional<std::string> unbind_cookie(std::string_view cookie_echo, std::uint64_t key,
                                         const asio::ip::udp::endpoint& peer);

}  // namespace netkit::net
