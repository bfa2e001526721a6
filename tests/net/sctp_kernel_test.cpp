// Which SCTP is used where, and the kernel's where this machine has it. Most kernels that these
// tests run on have none: then the refusals are what is tested here, and the lab's virtual machine
// does the rest.
#include "net/sctp_kernel.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/connect.hpp"
#include "net/limits.hpp"
#include "net/listen.hpp"
#include "net/rig.hpp"

namespace netkit::net::tests {
namespace {

Endpoint here(std::uint16_t port) {
  return {.scheme = Scheme::sctp, .host = "127.0.0.1", .port = port, .path = {}};
}

Result<Listening> listen_by(SctpChoice choice) {
  return open_listening(here(0), {.sctp = choice});
}

TEST_CASE("kernel_has_sctp: as socket(2) says") {
  const FileDescriptor made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP)};
  CHECK(kernel_has_sctp() == static_cast<bool>(made));
}

TEST_CASE(
    "open_listening: auto is UDP, and the kernel's SCTP on the same port where there is any") {
  const auto made = listen_by(SctpChoice::automatic);
  REQUIRE(made);
  REQUIRE(made->sockets.size() == (kernel_has_sctp() ? 2 : 1));
  CHECK(!is_kernel_sctp(made->sockets[0][0].get()));
  CHECK(is_kernel_sctp(made->sockets.back()[0].get()) == kernel_has_sctp());
  for (const auto& sockets : made->sockets)
    CHECK(local_endpoint(sockets[0].get())->port() == *made->endpoint.port);
}

TEST_CASE("open_listening: user is UDP alone") {
  const auto made = listen_by(SctpChoice::user);
  REQUIRE(made);
  REQUIRE(made->sockets.size() == 1);
  CHECK(!is_kernel_sctp(made->sockets[0][0].get()));
}

TEST_CASE("open_listening: kernel is the kernel's alone, or says that there is none") {
  const auto made = listen_by(SctpChoice::kernel);
  if (kernel_has_sctp()) {
    REQUIRE(made);
    REQUIRE(made->sockets.size() == 1);
    CHECK(is_kernel_sctp(made->sockets[0][0].get()));
    return;
  }
  REQUIRE(!made);
  CHECK(made.error().code == std::errc::protocol_not_supported);
  CHECK(made.error().attempt == "listen on sctp://127.0.0.1:0");
  CHECK(made.error().hint.find("modprobe sctp") != std::string::npos);
}

TEST_CASE("connect: by the kernel's SCTP alone, without one, is refused with a way out") {
  const auto stream = run(connect(here(1), std::nullopt, connect_limit, SctpChoice::kernel));
  REQUIRE(!stream);
  if (kernel_has_sctp()) {
    CHECK(stream.error().code == asio::error::connection_refused);
    return;
  }
  CHECK(stream.error().code == std::errc::protocol_not_supported);
  CHECK(stream.error().attempt == "connect to sctp://127.0.0.1:1");
  CHECK(stream.error().hint.find("--sctp user") != std::string::npos);
}

TEST_CASE("connect: auto is refused where nobody listens by either") {
  const auto stream = run(connect(here(1), std::nullopt, connect_limit));
  REQUIRE(!stream);
  CHECK(stream.error().code == asio::error::connection_refused);
}

/// Two ends of a socket that keeps records, as the kernel's SCTP does.
struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    near = FileDescriptor{ends[0]};
    far = FileDescriptor{ends[1]};
  }
  /// The next record; "" if there is none.
  std::string next() const {
    std::string record(100'000, 0);
    const ssize_t count = recv(far.get(), record.data(), record.size(), 0);
    return count > 0 ? record.substr(0, static_cast<std::size_t>(count)) : "";
  }

  FileDescriptor near;
  FileDescriptor far;
};

TEST_CASE("SctpRecords: what is written of a message in pieces leaves as one, with its end") {
  const Pair pair;
  SctpRecords records{pair.near.get()};
  CHECK(records.try_write(pair.near.get(), "whole", true).count == 5);
  CHECK(records.try_write(pair.near.get(), "in ", false).count == 3);
  CHECK(records.try_write(pair.near.get(), "pie", false).count == 3);
  CHECK(pair.next() == "whole");
  CHECK(pair.next() == "");
  CHECK(records.try_write(pair.near.get(), "ces", true).count == 3);
  CHECK(pair.next() == "in pieces");
  CHECK(records.try_write(pair.near.get(), "next", true).count == 4);
  CHECK(pair.next() == "next");
}

TEST_CASE("SctpRecords: a message that the kernel does not take yet is taken whole later") {
  const Pair pair;
  SctpRecords records{pair.near.get()};
  const std::string large(20'000, 'l');
  std::size_t sent = 0;
  while (records.try_write(pair.near.get(), large, true).count > 0)
    ++sent;
  REQUIRE(sent > 0);
  CHECK(records.try_write(pair.near.get(), "be", false).count == 2);
  CHECK(records.try_write(pair.near.get(), large, true).would_block());
  for (std::size_t i = 0; i < sent; ++i)
    CHECK(pair.next() == large);
  CHECK(records.try_write(pair.near.get(), large, true).count == large.size());
  CHECK(pair.next() == "be" + large);
}

TEST_CASE("SctpRecords: no more of a message waits than the largest one has") {
  const Pair pair;
  SctpRecords records{pair.near.get()};
  const std::string half(records.message_size_max() / 2, 'h');
  CHECK(records.try_write(pair.near.get(), half, false).count == half.size());
  // What makes it full goes at once: this socket takes no record of that size.
  const Attempt rest = records.try_write(pair.near.get(), half + "and more", false);
  CHECK(rest.count == 0);
  CHECK(rest.failed == std::errc::message_size);
}

}  // namespace
}  // namespace netkit::net::tests
