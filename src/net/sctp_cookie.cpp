// The cookie is lengthened on its way out, and shortened on its way in.
#include "net/sctp_cookie.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "base/bytes.hpp"
#include "net/sctp_packet.hpp"

namespace netkit::net {
namespace {

// common header: u16 port from | u16 to | u32 tag | u32 checksum (RFC 9260, 3.1)
// chunk: u8 type | u8 flags | u16 length | value; INIT ACK: 16 bytes, then parameters (3.3.3)
// parameter: u16 type | u16 length | value | padding to four
constexpr std::size_t head_size = 12;
constexpr std::size_t parameters_at = head_size + 20;
constexpr std::uint16_t cookie_parameter = 7;
constexpr std::size_t seal_size = 8;

/// The address in 16 bytes, and the port.
std::string place_of(const asio::ip::udp::endpoint& at) {
  const asio::ip::address address = at.address();
  const auto bytes =
      (address.is_v6() ? address.to_v6()
                       : asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()))
          .to_bytes();
  std::string place(bytes.begin(), bytes.end());
  append_be<std::uint16_t>(place, at.port());
  return place;
}

/// Of the server's end: its tag and both ports, the client's first; and of the cookie itself, so
/// that what was bent on the way does not reach usrsctp.
std::string seal(std::uint64_t key, const asio::ip::udp::endpoint& peer, std::string_view cookie,
                 std::uint32_t tag, std::uint16_t client_port, std::uint16_t server_port) {
  std::string text = place_of(peer);
  text += cookie;
  append_be(text, tag);
  append_be(text, client_port);
  append_be(text, server_port);
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), &key, sizeof key, reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), sum, &size);
  return {reinterpret_cast<const char*>(sum), seal_size};
}

void add_to_length(std::string& packet, std::size_t at, int more) {
  const int length = load_be<std::uint16_t>(packet.data() + at) + more;
  store_be(packet.data() + at, static_cast<std::uint16_t>(length));
}

}  // namespace

std::string bind_cookie(std::string_view init_ack, std::uint64_t key,
                        const asio::ip::udp::endpoint& peer) {
  std::string packet{init_ack};
  const auto head = read_sctp_head(init_ack);
  if (!head || head->chunk != SctpChunk::init_ack) return packet;
  for (std::size_t at = parameters_at; at + 4 <= packet.size();) {
    const auto type = load_be<std::uint16_t>(packet.data() + at);
    const std::size_t length = load_be<std::uint16_t>(packet.data() + at + 2);
    if (length < 4 || at + length > packet.size()) return packet;
    if (type == cookie_parameter) {
      const std::string_view cookie = init_ack.substr(at + 4, length - 4);
      packet.insert(at + length, seal(key, peer, cookie, head->initiate_tag, head->destination_port,
                                      head->source_port));
      add_to_length(packet, at + 2, seal_size);
      add_to_length(packet, head_size + 2, seal_size);
      put_checksum(packet);
      return packet;
    }
    at += (length + 3) / 4 * 4;
  }
  return packet;
}

std::optional<std::string> unbind_cookie(std::string_view cookie_echo, std::uint64_t key,
                                         const asio::ip::udp::endpoint& peer) {
  const auto head = read_sctp_head(cookie_echo);
  if (!head || head->chunk != SctpChunk::cookie_echo) return std::nullopt;
  const std::size_t length = load_be<std::uint16_t>(cookie_echo.data() + head_size + 2);
  if (length < 4 + seal_size || head_size + length > cookie_echo.size()) return std::nullopt;
  const std::size_t seal_at = head_size + length - seal_size;
  const std::string_view cookie = cookie_echo.substr(head_size + 4, seal_at - head_size - 4);
  const std::string wanted =
      seal(key, peer, cookie, head->tag, head->source_port, head->destination_port);
  if (CRYPTO_memcmp(wanted.data(), cookie_echo.data() + seal_at, seal_size) != 0)
    return std::nullopt;
  std::string packet{cookie_echo};
  packet.erase(seal_at, seal_size);
  add_to_length(packet, head_size + 2, -static_cast<int>(seal_size));
  put_checksum(packet);
  return packet;
}

}  // namespace netkit::net
