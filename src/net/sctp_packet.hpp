// What has to be known of an SCTP packet to bring it to its association: tags, ports, first chunk,
// checksum, and the heartbeats by which we try the ways to a peer. Pure: the rest is usrsctp's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace netkit::net {

/// RFC 9260, 3.2: the chunks that this layer tells apart.
enum class SctpChunk : std::uint8_t {
  data = 0,
  init = 1,
  init_ack = 2,
  heartbeat = 4,
  heartbeat_ack = 5,
  abort = 6,
  cookie_echo = 10,
};

/// The common header (RFC 9260, 3.1) and the first chunk.
struct SctpHead {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t tag = 0;  ///< The receiver's; 0 in a packet with INIT alone.
  SctpChunk chunk = SctpChunk::data;
  /// Of INIT and INIT ACK: the tag that its sender wants to see from now on; else 0.
  std::uint32_t initiate_tag = 0;

  friend bool operator==(const SctpHead&, const SctpHead&) = default;
};

/// nullopt for what is no SCTP packet. Whether the chunks are whole is left to usrsctp.
std::optional<SctpHead> read_sctp_head(std::string_view packet);

/// CRC32c of `bytes` (RFC 9260, appendix A). `by_table`: the way of processors that have no
/// instruction for it.
std::uint32_t crc32c(std::string_view bytes, bool by_table = false);
/// Whether this processor can, several times faster than any program.
bool processor_has_crc32c();
/// Whether the packet's checksum is right.
bool has_good_checksum(std::string_view packet);
/// Fills it in. `packet` has a common header.
void put_checksum(std::span<char> packet);

/// Our heartbeats: a HEARTBEAT or HEARTBEAT ACK alone in its packet, whose information, which any
/// stack sends back as it is, begins with a mark of ours.
struct PathProbe {
  bool is_answer = false;
  bool in_use = false;  ///< The sender's packets take this way now; the receiver's are to as well.
  std::uint64_t nonce = 0;  ///< Shows that the answer comes from where the question went.

  friend bool operator==(const PathProbe&, const PathProbe&) = default;
};

/// A whole packet with its checksum.
std::string make_path_probe(const SctpHead& head, const PathProbe& probe);
/// nullopt for any other packet. Does not look at the checksum.
std::optional<PathProbe> read_path_probe(std::string_view packet);

}  // namespace netkit::net
