// Tests of opening listeners: exclusive ports, free ports, unix sockets, sockets that were passed.
#include "net/listen.hpp"

#include <asio/ip/tcp.hpp>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/rig.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

Result<Listening> opened(const std::string& text, unsigned threads = 1, bool auto_port = false) {
  return open_listening(*parse_endpoint(text), {.threads = threads, .auto_port = auto_port});
}

std::string at_port(const Listening& listening, std::string_view scheme = "tcp") {
  return std::string{scheme} + "://127.0.0.1:" + std::to_string(*listening.endpoint.port);
}

/// A socket as a service manager makes it, bound to a free port of 127.0.0.1.
FileDescriptor passed_socket(int type, bool listening) {
  FileDescriptor made{::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(made.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  if (listening) REQUIRE(::listen(made.get(), 8) == 0);
  return made;
}

std::uint16_t port_of(const FileDescriptor& socket) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

struct Pipe {
  FileDescriptor read_end, write_end;
  Pipe() {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  /// Until a byte or the end comes.
  void await() const {
    char byte = 0;
    static_cast<void>(!::read(read_end.get(), &byte, 1));
  }
};

/// What one process of many_at_once() does. Never returns.
[[noreturn]] void start_one(const std::string& endpoint, Pipe& begin, const Pipe& tried,
                            Pipe& end) {
  begin.write_end.reset();
  end.write_end.reset();
  begin.await();
  const auto made = opened(endpoint);
  static_cast<void>(!::write(tried.write_end.get(), "x", 1));
  end.await();
  ::_exit(made ? 1 : 0);
}

/// How many of `starters` processes get a unix path that they open at the same moment, over a file
/// that a crash left there. They keep what they got until all have tried.
int many_at_once(const std::string& endpoint, int starters) {
  { REQUIRE(opened(endpoint)); }
  Pipe begin;
  Pipe tried;
  Pipe end;
  std::vector<pid_t> children;
  for (int i = 0; i < starters; ++i) {
    const pid_t child = ::fork();
    if (child == 0) start_one(endpoint, begin, tried, end);
    children.push_back(child);
  }
  begin.write_end.reset();
  for (int i = 0; i < starters; ++i)
    tried.await();
  Peer peer{endpoint.substr(5)};
  int winners = peer.connected() ? 0 : starters;
  end.write_end.reset();
  for (const pid_t child : children) {
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    winners += WIFEXITED(status) ? WEXITSTATUS(status) : starters;
  }
  return winners;
}

}  // namespace

TEST_CASE("open_listening: port 0 becomes a free port, one socket for each thread") {
  for (const char* text : {"tcp://127.0.0.1:0", "udp://127.0.0.1:0", "ws://127.0.0.1:0"}) {
    const auto made = opened(text, 3);
    REQUIRE(made);
    CHECK(*made->endpoint.port != 0);
    CHECK(made->endpoint.host == "127.0.0.1");
    CHECK(made->endpoint.scheme == parse_endpoint(text)->scheme);
    REQUIRE(made->sockets.size() == 1);
    CHECK(made->sockets[0].size() == 3);
    CHECK(made->unlink_path.empty());
  }
}

TEST_CASE("open_listening: a port is held exclusively, with one thread or with four") {
  for (const unsigned first : {1u, 4u})
    for (const unsigned second : {1u, 4u})
      for (const std::string_view scheme : {"tcp", "udp"}) {
        const auto made = opened(std::string{scheme} + "://127.0.0.1:0", first);
        REQUIRE(made);
        const auto again = opened(at_port(*made, scheme), second);
        REQUIRE_FALSE(again);
        CHECK(again.error().code == std::errc::address_in_use);
        CHECK(again.error().message() ==
              "cannot listen on " + at_port(*made, scheme) +
                  ": Address already in use (another program has the port; try --auto-port)");
      }
}

TEST_CASE("open_listening: all addresses are as exclusive as one") {
  const auto all = opened("tcp://:0", 2);
  REQUIRE(all);
  CHECK(opened(at_port(*all), 2).error().code == std::errc::address_in_use);
  const auto one = opened("tcp://127.0.0.1:0", 2);
  REQUIRE(one);
  CHECK(opened("tcp://:" + std::to_string(*one->endpoint.port), 2).error().code ==
        std::errc::address_in_use);
}

TEST_CASE("open_listening: --auto-port takes the next free one and says which") {
  const auto taken = opened("tcp://127.0.0.1:0");
  REQUIRE(taken);
  const auto made = opened(at_port(*taken), 2, true);
  REQUIRE(made);
  CHECK(*made->endpoint.port > *taken->endpoint.port);
  CHECK(*made->endpoint.port <= *taken->endpoint.port + auto_port_range);
}

TEST_CASE("open_listening: a port is free again as soon as its listener has gone") {
  std::string endpoint;
  {
    RunningServer server;
    Peer peer{server.port()};
    CHECK(peer.send("x"));
    CHECK(peer.receive(1) == "x");
    endpoint = to_text(server.endpoint());
  }
  CHECK(opened(endpoint, 2));
}

TEST_CASE("open_listening: addresses that are not ours and names that are none are refused") {
  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
  CHECK(opened("tcp://192.0.2.1:0").error().code == std::errc::address_not_available);
  // A label of more than 63 bytes is never asked for on a network (RFC 1035, 2.3.4).
  const auto unknown = opened("tcp://" + std::string(64, 'x') + ":0");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::name_not_found);
}

TEST_CASE("open_listening: localhost is all of its addresses on one port") {
  const auto made = opened("tcp://localhost:0");
  REQUIRE(made);
  CHECK(made->sockets.size() >= 1);
  Peer peer{*made->endpoint.port};
  CHECK(peer.connected());
}

TEST_CASE("open_listening: a unix socket is its owner's alone and is opened once") {
  const TemporaryFolder folder;
  const auto made = opened("unix:" + (folder / "s"), 4);
  REQUIRE(made);
  REQUIRE(made->sockets.size() == 1);
  CHECK(made->sockets[0].size() == 1);
  CHECK(made->unlink_path == folder / "s");
  struct stat info {};
  REQUIRE(::stat((folder / "s").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  const auto again = opened("unix:" + (folder / "s"));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == std::errc::address_in_use);
  CHECK(again.error().hint == "process " + std::to_string(::getpid()) + " listens there");
}

TEST_CASE("open_listening: a socket file that nobody listens on is replaced, nothing else is") {
  const TemporaryFolder folder;
  { REQUIRE(opened("unix:" + (folder / "s"))); }  // Its file stays, as after a crash.
  CHECK(std::filesystem::exists(folder / "s"));
  CHECK(opened("unix:" + (folder / "s")));
  put_bytes(folder / "file", "precious");
  CHECK(opened("unix:" + (folder / "file")).error().hint ==
        "the file there is no socket; it stays as it is");
  CHECK(support::bytes_of(folder / "file") == "precious");
  REQUIRE(::symlink("file", (folder / "link").c_str()) == 0);
  CHECK_FALSE(opened("unix:" + (folder / "link")));
  CHECK(opened("unix:" + (folder / "no/s")).error().code == std::errc::no_such_file_or_directory);
}

TEST_CASE("open_listening: of servers that start on one unix path at once exactly one gets it") {
  const TemporaryFolder folder;
  for (int round = 0; round < 50; ++round) {
    CAPTURE(round);
    const std::string path = folder / "s" + std::to_string(round);
    REQUIRE(many_at_once("unix:" + path, 8) == 1);
  }
}

TEST_CASE("open_listening: a folder that another program keeps locked is an error that names it") {
  const TemporaryFolder folder;
  const FileDescriptor other{::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);
  const auto made = opened("unix:" + (folder / "s"));
  REQUIRE_FALSE(made);
  CHECK(made.error().message() == "cannot listen on unix:" + (folder / "s") +
                                      ": busy (another program keeps " + folder.path() +
                                      " locked)");
}

TEST_CASE("adopt: takes the scheme of its name, else of the endpoint with its port") {
  const auto adopted = [](int type, std::string name, std::string_view configured) {
    FileDescriptor socket = passed_socket(type, type == SOCK_STREAM);
    const std::string port = std::to_string(port_of(socket));
    std::vector<Endpoint> wanted{*parse_endpoint("tls://:1")};
    if (!configured.empty())
      wanted.push_back(*parse_endpoint(std::string{configured} + "://:" + port));
    const auto made = adopt({std::move(socket), std::move(name)}, wanted);
    REQUIRE(made);
    CHECK(to_text(*made->endpoint.port == 0 ? Endpoint{} : made->endpoint).ends_with(":" + port));
    CHECK(made->endpoint.host == "127.0.0.1");
    return to_text(*made->endpoint.scheme);
  };
  CHECK(adopted(SOCK_STREAM, "", "") == "tcp");
  CHECK(adopted(SOCK_STREAM, "unknown", "ws") == "ws");
  CHECK(adopted(SOCK_STREAM, "wss", "ws") == "wss");
  CHECK(adopted(SOCK_STREAM, "udp", "") == "tcp");
  CHECK(adopted(SOCK_STREAM, "echo.socket", "udp") == "tcp");
  CHECK(adopted(SOCK_DGRAM, "", "") == "udp");
  CHECK(adopted(SOCK_DGRAM, "tls", "tcp") == "udp");
}

TEST_CASE("adopt: a unix socket keeps its path and its file") {
  const TemporaryFolder folder;
  auto made = opened("unix:" + (folder / "s"));
  REQUIRE(made);
  const auto adopted = adopt({std::move(made->sockets[0][0]), ""}, {});
  REQUIRE(adopted);
  CHECK(to_text(adopted->endpoint) == "unix:" + (folder / "s"));
  CHECK(adopted->unlink_path.empty());  // It is the manager's.
}

TEST_CASE("adopt: refuses what is no listening socket") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const FileDescriptor other{ends[1]};
  CHECK(adopt({FileDescriptor{ends[0]}, ""}, {}).error().code == Errc::usage);
  CHECK(adopt({FileDescriptor{}, ""}, {}).error().code == Errc::usage);
  CHECK(adopt({FileDescriptor{::socket(AF_UNIX, SOCK_DGRAM, 0)}, ""}, {}).error().code ==
        Errc::usage);
  CHECK(adopt({passed_socket(SOCK_STREAM, false), ""}, {}).error().code == Errc::usage);
  auto made = opened("tcp://127.0.0.1:0");
  Peer peer{*made->endpoint.port};
  CHECK(adopt({FileDescriptor{::dup(peer.handle())}, ""}, {}).error().code == Errc::usage);
}

TEST_CASE("Server: serves sockets that were passed, handing connections to all threads") {
  auto tcp = adopt({passed_socket(SOCK_STREAM, true), ""}, {});
  REQUIRE(tcp);
  const std::uint16_t port = *tcp->endpoint.port;
  log::MemorySink sink;
  log::Logger log{"test", sink};
  ServerOptions options;
  options.threads = 3;
  Server server{log, options, echo_service()};
  server.add(std::move(*tcp));
  std::jthread thread{[&] { CHECK(server.run([] {})); }};
  for (int i = 0; i < 6; ++i) {
    Peer peer{port};
    CHECK(peer.send("hello"));
    CHECK(peer.receive(5) == "hello");
  }
  server.drain();
}
