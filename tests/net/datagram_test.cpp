// Tests of echo by datagrams: each comes back as one, from the address that was asked.
#include "net/datagram.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/connect.hpp"
#include "net/rig.hpp"
#include "net/spawn.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;

namespace {

RunningServer::Plan listening(std::string at, unsigned threads = 1) {
  RunningServer::Plan plan;
  plan.listen = {std::move(at)};
  plan.options.threads = threads;
  return plan;
}

/// A connected datagram socket, which hears nothing but answers from the address it asked.
class Caller {
 public:
  Caller(const char* address, std::uint16_t port)
      : socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    const timeval limit{hang_limit.count(), 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, address, &to.sin_addr);
    REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }

  std::string ask(std::string_view bytes) {
    if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) return "not sent";
    std::string answer(datagram_size_max, '\0');
    const ssize_t count = ::recv(socket_.get(), answer.data(), answer.size(), 0);
    if (count < 0) return "no answer";
    answer.resize(static_cast<std::size_t>(count));
    return answer;
  }

 private:
  FileDescriptor socket_;
};

asio::awaitable<Result<std::string>> ask_once(Endpoint to, std::string bytes) {
  auto socket = co_await connect_datagram(to);
  if (!socket) co_return socket.error();
  std::error_code failed;
  co_await socket->async_send(asio::buffer(bytes), into(failed));
  if (failed) co_return Error{failed};
  std::string answer(100, '\0');
  const std::size_t count = co_await socket->async_receive(asio::buffer(answer), into(failed));
  if (failed) co_return Error{failed};
  co_return answer.substr(0, count);
}

}  // namespace

TEST_CASE("Datagram: each comes back as it was, the empty and the largest included") {
  RunningServer server{listening("udp://127.0.0.1:0")};
  Caller caller{"127.0.0.1", server.port()};
  CHECK(caller.ask("hello") == "hello");
  CHECK(caller.ask("").empty());
  // IPv4 leaves 65,507 bytes of payload (RFC 791, RFC 768).
  for (const std::size_t size : {std::size_t{1}, std::size_t{1472}, std::size_t{65'507}}) {
    const std::string bytes = noise(size);
    CHECK((caller.ask(bytes) == bytes));
  }
}

TEST_CASE("Datagram: the answer leaves from the address that was asked") {
  RunningServer server{listening("udp://:0")};
  for (const char* address : {"127.0.0.1", "127.0.0.2", "127.1.2.3"}) {
    Caller caller{address, server.port()};
    CHECK_MESSAGE(caller.ask("where") == "where", address);
  }
}

TEST_CASE("Datagram: many peers and several threads are told apart") {
  RunningServer server{listening("udp://127.0.0.1:0", 2)};
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < 20; ++i)
    callers.push_back(std::make_unique<Caller>("127.0.0.1", server.port()));
  for (int round = 0; round < 5; ++round)
    for (std::size_t i = 0; i < callers.size(); ++i)
      CHECK(callers[i]->ask(std::to_string(i)) == std::to_string(i));
}

TEST_CASE("Datagram: a peer that has gone when its answer comes does no harm") {
  RunningServer server{listening("udp://127.0.0.1:0")};
  for (int i = 0; i < 20; ++i) {
    const FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::sendto(socket.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) ==
          1);
  }
  Caller caller{"127.0.0.1", server.port()};
  CHECK(caller.ask("still here") == "still here");
}

TEST_CASE("Datagram: draining ends the wait for the next one") {
  RunningServer server{listening("udp://127.0.0.1:0", 2)};
  Caller caller{"127.0.0.1", server.port()};
  CHECK(caller.ask("x") == "x");
  server.server().drain();
  CHECK(server.wait());
}

TEST_CASE("connect_datagram: asks by address and by name, and says what cannot be asked") {
  RunningServer server{listening("udp://127.0.0.1:0")};
  CHECK(*run(ask_once(server.endpoint(), "by address")) == "by address");
  const Endpoint named{
      .scheme = Scheme::udp, .host = "localhost", .port = server.port(), .path = {}};
  const auto by_name = run(ask_once(named, "by name"));
  // Where localhost is ::1 first, a datagram to it is refused: there is nobody to race.
  CHECK(
      (by_name ? *by_name == "by name" : by_name.error().code == asio::error::connection_refused));
  const Endpoint unknown{
      .scheme = Scheme::udp, .host = std::string(64, 'x'), .port = 9, .path = {}};
  CHECK(run(ask_once(unknown, "x")).error().code == Errc::name_not_found);
}
