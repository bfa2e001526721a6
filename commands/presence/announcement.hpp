// What peers and daemons say of themselves in datagrams, and in the messages that carry the same:
// signed by who they are. Owns no sockets and reads no clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "identity/key_pair.hpp"
#include "net/presence_group.hpp"

namespace netkit::presence {

// offset  field        type  meaning
//      0  magic        4 B   "\xF7NKP"
//      4  version      u8    1
//      5  kind         u8    Kind
//      6  availability u8    0 online, 1 away
//      7  flags        u8    0
//      8  key          32 B  Ed25519, who speaks
//     40  instance     u64   which run of it: microseconds since 1970 when it began
//     48  sequence     u64   counted up within the instance
//     56  nonce        u64   of an ask, and of its answer; else 0
//     64  about        32 B  the key of who is meant; zeros: whoever hears it
//     96  tcp_port     u16   where it takes messages (a peer) or conversations (a daemon)
//     98  udp_port    u16   where it takes questions (a peer) or SCTP in UDP (a daemon); 0: none
//    100  period_ms    u32   of a daemon: how often a peer is to be heard
//    104  certificate  32 B  SHA-256 of the certificate shown at tcp_port; zeros: none
//    136  name         str8
//         tags         u8 n, n x str8
//         padding      zeros, only of an ask
//         signature    64 B  over "netkit presence 1", a zero and all before
// Numbers are in network byte order.

enum class Kind : std::uint8_t {
  announce = 1,  ///< A peer is here.
  daemon = 2,    ///< A daemon is here.
  ask = 3,       ///< Are you there?
  answer = 4,    ///< To the ask with that nonce.
  leave = 5,     ///< The peer goes.
};

inline constexpr std::size_t key_size = identity::public_key_size;
inline constexpr std::size_t certificate_size = 32;
inline constexpr std::size_t announcement_size_max = net::presence_datagram_max;
inline constexpr std::size_t name_size_max = 64;
inline constexpr std::size_t tags_max = 8;
inline constexpr std::size_t tag_size_max = 32;
/// An ask is at least as long as any answer of a name without tags, so that whoever forges its
/// sender gains nothing.
inline constexpr std::size_t ask_size_min = 320;

struct Announcement {
  Kind kind = Kind::announce;
  bool away = false;
  std::string key;
  std::uint64_t instance = 0;
  std::uint64_t sequence = 0;
  std::uint64_t nonce = 0;
  std::string about;  ///< 32 bytes, or empty.
  std::uint16_t tcp_port = 0;
  std::uint16_t udp_port = 0;
  std::uint32_t period_ms = 0;
  std::string certificate;  ///< 32 bytes, or empty.
  std::string name;
  std::vector<std::string> tags;

  bool operator==(const Announcement&) const = default;
};

/// Signs and encodes; `key` of the announcement is that of `pair`. Longer names are cut, more tags
/// left out.
std::string encode(Announcement announcement, const identity::KeyPair& pair);

/// Errc::malformed, Errc::wrong_version, Errc::too_large. Does not look at the signature, which
/// costs a hundred times more: callers first drop what they would not take anyhow.
Result<Announcement> decode(std::string_view bytes);

/// What a peer may be called: as identity::normal_name() gives it, at most name_size_max bytes, not
/// to be taken for an endpoint ("ana:80") nor for another of that name ("ana (2)").
bool is_peer_name(std::string_view name);

/// Whether `bytes`, which decode() took, are signed by the key they name.
bool is_authentic(std::string_view bytes);

}  // namespace netkit::presence
