// The options of a socket, all in one place.
#include "net/sctp_socket.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <usrsctp.h>

namespace netkit::net {
namespace {

/// Far below rto_min: a lone message would be sent again before its acknowledgement came.
constexpr std::uint32_t sack_delay_ms = 20;
constexpr std::uint16_t streams_max = 16;

template <typename T>
bool set(struct socket* socket, int option, const T& value) {
  return usrsctp_setsockopt(socket, IPPROTO_SCTP, option, &value, sizeof value) == 0;
}

std::uint32_t ms(std::chrono::milliseconds time) {
  return static_cast<std::uint32_t>(time.count());
}

bool tune(struct socket* socket, const SctpSettings& settings) {
  sctp_sack_info sack{};
  sack.sack_delay = sack_delay_ms;
  sctp_rtoinfo rto{};
  rto.srto_initial = ms(settings.rto_initial);
  rto.srto_min = ms(settings.rto_min);
  rto.srto_max = ms(settings.rto_max);
  sctp_assocparams patience{};
  patience.sasoc_asocmaxrxt = settings.retransmissions_max;
  sctp_paddrparams path{};
  path.spp_address.ss_family = AF_CONN;
  path.spp_hbinterval = ms(settings.heartbeat);
  path.spp_pathmaxrxt = settings.retransmissions_max;
  path.spp_flags = SPP_HB_ENABLE | SPP_PMTUD_DISABLE;
  path.spp_pathmtu = static_cast<std::uint32_t>(PacketSize::anywhere);
  sctp_initmsg init{};
  init.sinit_num_ostreams = 1;
  init.sinit_max_instreams = streams_max;
  init.sinit_max_init_timeo = static_cast<std::uint16_t>(ms(settings.rto_max));
  // Without it a message larger than the send buffer could not be sent at all.
  return set(socket, SCTP_EXPLICIT_EOR, int{1}) && set(socket, SCTP_NODELAY, int{1}) &&
         set(socket, SCTP_DELAYED_SACK, sack) && set(socket, SCTP_RTOINFO, rto) &&
         set(socket, SCTP_ASSOCINFO, patience) && set(socket, SCTP_PEER_ADDR_PARAMS, path) &&
         set(socket, SCTP_INITMSG, init);
}

}  // namespace

sockaddr_conn sctp_address(void* peer, std::uint16_t port) {
  sockaddr_conn made{};
  made.sconn_family = AF_CONN;
  made.sconn_port = htons(port);
  made.sconn_addr = peer;
  return made;
}

void set_packet_size(struct socket* socket, PacketSize size) {
  sctp_paddrparams path{};
  path.spp_address.ss_family = AF_CONN;
  path.spp_flags = SPP_PMTUD_DISABLE;
  path.spp_pathmtu = static_cast<std::uint32_t>(size);
  set(socket, SCTP_PEER_ADDR_PARAMS, path);
}

Result<struct socket*> open_sctp_socket(const SctpSettings& settings) {
  struct socket* const made =
      usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  if (!made) return errno_error("open an SCTP socket");
  usrsctp_set_non_blocking(made, 1);
  if (tune(made, settings)) return made;
  const Error failed = errno_error("set the options of an SCTP socket");
  usrsctp_close(made);
  return failed;
}

}  // namespace netkit::net
