// Reads heads, writes probes, counts checksums.
#include "net/sctp_packet.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#include "base/bytes.hpp"

namespace netkit::net {
namespace {

constexpr std::size_t head_size = 12;
constexpr std::size_t chunk_head_size = 4;
constexpr std::size_t checksum_at = 8;
// HEARTBEAT: u8 type | u8 flags | u16 length | u16 parameter 1 | u16 its length | information
// information: "nkp1" | u8 in use | 3 zero | u64 nonce
constexpr std::size_t probe_info_size = 16;
constexpr std::size_t probe_chunk_size = chunk_head_size + 4 + probe_info_size;
constexpr std::string_view probe_mark = "nkp1";

/// The reversed polynomial 0x1edc6f41, one byte at a time.
constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? value >> 1 ^ 0x82f63b78u : value >> 1;
    table[i] = value;
  }
  return table;
}();

#ifdef __x86_64__
/// The instruction that SSE 4.2 has for this polynomial.
__attribute__((target("sse4.2"))) std::uint32_t add_by_processor(std::uint32_t crc,
                                                                 std::string_view bytes) {
  std::uint64_t sum = crc;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    sum = __builtin_ia32_crc32di(sum, word);
  }
  crc = static_cast<std::uint32_t>(sum);
  for (const char byte : bytes)
    crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(byte));
  return crc;
}
#endif

std::uint32_t add_by_table(std::uint32_t crc, std::string_view bytes) {
  for (const char byte : bytes)
    crc = crc >> 8 ^ crc_table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return crc;
}

std::uint32_t add_to_crc(std::uint32_t crc, std::string_view bytes) {
#ifdef __x86_64__
  if (processor_has_crc32c()) return add_by_processor(crc, bytes);
#endif
  return add_by_table(crc, bytes);
}

/// With the checksum's own place counted as zeroes.
std::uint32_t checksum_of(std::string_view packet) {
  std::uint32_t crc = add_to_crc(0xffffffffu, packet.substr(0, checksum_at));
  crc = add_to_crc(crc, std::string_view{"\0\0\0\0", 4});
  return ~add_to_crc(crc, packet.substr(head_size));
}

// The checksum travels with its least significant byte first.
std::uint32_t load_le(const char* from) {
  return __builtin_bswap32(load_be<std::uint32_t>(from));
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, bool by_table) {
  return ~(by_table ? add_by_table(0xffffffffu, bytes) : add_to_crc(0xffffffffu, bytes));
}

bool processor_has_crc32c() {
#ifdef __x86_64__
  return __builtin_cpu_supports("sse4.2") != 0;
#else
  return false;
#endif
}

bool has_good_checksum(std::string_view packet) {
  return packet.size() >= head_size && load_le(packet.data() + checksum_at) == checksum_of(packet);
}

void put_checksum(std::span<char> packet) {
  const std::string_view bytes{packet.data(), packet.size()};
  store_be(packet.data() + checksum_at, __builtin_bswap32(checksum_of(bytes)));
}

std::optional<SctpHead> read_sctp_head(std::string_view packet) {
  if (packet.size() < head_size + chunk_head_size) return std::nullopt;
  SctpHead head;
  head.source_port = load_be<std::uint16_t>(packet.data());
  head.destination_port = load_be<std::uint16_t>(packet.data() + 2);
  head.tag = load_be<std::uint32_t>(packet.data() + 4);
  head.chunk = static_cast<SctpChunk>(static_cast<unsigned char>(packet[head_size]));
  const bool opens = head.chunk == SctpChunk::init || head.chunk == SctpChunk::init_ack;
  if (opens) {
    if (packet.size() < head_size + chunk_head_size + 4) return std::nullopt;
    head.initiate_tag = load_be<std::uint32_t>(packet.data() + head_size + chunk_head_size);
  }
  // RFC 9260, 8.5.1: INIT, and nothing else, has the tag 0; and no tag that is announced is 0.
  if ((head.tag == 0) != (head.chunk == SctpChunk::init)) return std::nullopt;
  if (opens && head.initiate_tag == 0) return std::nullopt;
  return head;
}

std::string make_path_probe(const SctpHead& head, const PathProbe& probe) {
  std::string packet;
  append_be<std::uint16_t>(packet, head.source_port);
  append_be<std::uint16_t>(packet, head.destination_port);
  append_be<std::uint32_t>(packet, head.tag);
  append_be<std::uint32_t>(packet, 0);
  const SctpChunk chunk = probe.is_answer ? SctpChunk::heartbeat_ack : SctpChunk::heartbeat;
  append_be<std::uint8_t>(packet, static_cast<std::uint8_t>(chunk));
  append_be<std::uint8_t>(packet, 0);
  append_be<std::uint16_t>(packet, probe_chunk_size);
  append_be<std::uint16_t>(packet, 1);
  append_be<std::uint16_t>(packet, 4 + probe_info_size);
  packet += probe_mark;
  append_be<std::uint32_t>(packet, probe.in_use ? 1u << 24 : 0);
  append_be<std::uint64_t>(packet, probe.nonce);
  put_checksum(packet);
  return packet;
}

std::optional<PathProbe> read_path_probe(std::string_view packet) {
  if (packet.size() != head_size + probe_chunk_size) return std::nullopt;
  const char* const chunk = packet.data() + head_size;
  const auto type = static_cast<SctpChunk>(static_cast<unsigned char>(*chunk));
  if (type != SctpChunk::heartbeat && type != SctpChunk::heartbeat_ack) return std::nullopt;
  if (load_be<std::uint16_t>(chunk + 2) != probe_chunk_size) return std::nullopt;
  if (packet.substr(head_size + 8, probe_mark.size()) != probe_mark) return std::nullopt;
  return PathProbe{.is_answer = type == SctpChunk::heartbeat_ack,
                   .in_use = chunk[12] != 0,
                   .nonce = load_be<std::uint64_t>(chunk + 16)};
}

}  // namespace netkit::net
