// recvmsg(2) and sendmsg(2) with packet information.
#include "net/datagram.hpp"

#include <asio/ip/udp.hpp>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/limits.hpp"
#include "net/spawn.hpp"
#include "net/worker.hpp"

namespace netkit::net {
namespace {

asio::ip::udp::endpoint to_endpoint(const void* address, std::size_t size) {
  asio::ip::udp::endpoint endpoint;
  if (size <= endpoint.capacity()) {
    endpoint.resize(size);
    std::memcpy(endpoint.data(), address, size);
  }
  return endpoint;
}

}  // namespace

Datagram::Datagram(Worker& worker, FileDescriptor bound, Admits admits)
    : worker_{worker}, socket_{worker.io()}, admits_{std::move(admits)} {
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  getsockname(bound.get(), reinterpret_cast<sockaddr*>(&local), &size);
  local_port_ = to_endpoint(&local, size).port();
  std::error_code ignored;  // The descriptor is a bound socket of ours.
  socket_.assign({local.ss_family, IPPROTO_UDP}, bound.release(), ignored);
}

bool Datagram::try_receive(std::string_view& bytes, std::error_code& failed) {
  const std::span<char> memory = worker_.read_memory();
  iovec piece{memory.data(), std::min(memory.size(), datagram_size_max)};
  msghdr message{};
  message.msg_name = sender_;
  message.msg_namelen = sizeof sender_;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control_;
  message.msg_controllen = sizeof control_;
  const ssize_t count = recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
  if (count < 0) {
    if (errno == EBADF || errno == ENOTSOCK)
      failed = std::error_code{errno, std::system_category()};
    return false;
  }
  sender_size_ = message.msg_namelen;
  control_size_ = message.msg_controllen;
  bytes = {memory.data(), static_cast<std::size_t>(count)};
  return true;
}

asio::awaitable<Result<std::string_view>> Datagram::receive() {
  std::string_view bytes;
  std::error_code failed;
  for (;;) {
    if (stopped_) co_return Errc::stopped;
    // Whoever sends faster than we answer leaves the others of this thread their turn.
    const bool turn_over = ++receives_in_a_row_ > reads_in_a_row_max;
    if (!turn_over && try_receive(bytes, failed)) {
      if (admits_(sender_address())) co_return bytes;
      continue;
    }
    if (failed) co_return Error{failed, "receive a datagram"};
    receives_in_a_row_ = 0;
    co_await socket_.async_wait(Socket::wait_read, into(failed));
    if (failed && !stopped_) co_return Error{failed, "receive a datagram"};
  }
}

bool Datagram::reply(std::string_view bytes) {
  // What the kernel told us about the datagram's way in is, sent back, the way out; only the
  // destination must become the source.
  msghdr message{};
  message.msg_control = control_;
  message.msg_controllen = control_size_;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each))
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      info.ipi_spec_dst = info.ipi_addr;
      info.ipi_ifindex = 0;
      std::memcpy(CMSG_DATA(each), &info, sizeof info);
    }
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  message.msg_name = sender_;
  message.msg_namelen = sender_size_;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  return sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

asio::ip::address Datagram::sender_address() const {
  return plain(to_endpoint(sender_, sender_size_).address());
}

std::uint16_t Datagram::sender_port() const {
  return to_endpoint(sender_, sender_size_).port();
}

PeerName Datagram::sender() const {
  return {.address = sender_address().to_string(), .port = sender_port()};
}

void Datagram::stop() {
  stopped_ = true;
  std::error_code ignored;
  socket_.cancel(ignored);
}

}  // namespace netkit::net
