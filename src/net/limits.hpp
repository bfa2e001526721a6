// Every limit of the net layer in one place. INTERFACE.md's table of limits comes from here;
// commands override what they expose as options.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace netkit::net {

inline constexpr std::chrono::seconds handshake_limit{10};
/// People think about what to type. Those who never say anything are not to keep others' places.
inline constexpr std::chrono::seconds first_byte_limit{60};
inline constexpr std::chrono::seconds connect_limit{5};
inline constexpr std::chrono::seconds answer_limit{30};
inline constexpr std::chrono::seconds drain_limit{5};
/// How long a closed stream is read from so that the peer gets our last words, not a reset.
inline constexpr std::chrono::seconds linger_limit{2};
/// RFC 8305, 5: the recommended head start of one connection attempt over the next.
inline constexpr std::chrono::milliseconds attempt_delay{250};
/// Pause of an accept loop that found no file descriptor left.
inline constexpr std::chrono::milliseconds accept_pause{50};

/// How long the start of another server on a unix socket in the same folder is waited for.
inline constexpr std::chrono::seconds folder_lock_limit{2};

/// One read, and so one batch of messages, takes at most this much.
inline constexpr std::size_t read_size_max = 256 * 1024;
/// So many reads without a wait, or read_size_max bytes, then the other connections of the thread
/// have their turn.
inline constexpr unsigned reads_in_a_row_max = 16;
/// What may stand before a message's body in any dialect: an HTTP head is the longest.
inline constexpr std::size_t head_size_max = 16 * 1024;
/// One read while an HTTP head is awaited.
inline constexpr std::size_t http_read_size = 16 * 1024;
/// Bodies from this size on are sent from where they came in; copying smaller ones is cheaper.
inline constexpr std::size_t uncopied_size_min = 8 * 1024;
/// What the memory for a batch of answers may keep once a large one has gone.
inline constexpr std::size_t batch_kept_max = 1024 * 1024;
/// What may wait for a peer that does not read while others have news for it.
inline constexpr std::size_t posted_size_max = 1024 * 1024;
inline constexpr std::size_t addresses_per_name_max = 64;
inline constexpr std::size_t listeners_max = 256;
inline constexpr unsigned threads_max = 256;
/// The next free port is looked for this far above the one asked for (--auto-port).
inline constexpr unsigned auto_port_range = 100;

/// Of the multicast groups by which peers and presence daemons find each other.
inline constexpr std::uint16_t presence_group_port = 2003;

}  // namespace netkit::net
