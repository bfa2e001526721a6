// Tests of what systemd passes to a service and hears from it, with a socket of our own as systemd.
#include "net/service_manager.hpp"

#include <asio/io_context.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <map>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace std::chrono_literals;
using support::TemporaryFolder;
using Variables = std::map<std::string, std::string, std::less<>>;

namespace {

Environment environment(Variables variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

std::optional<std::chrono::microseconds> watchdog(Variables variables, int pid = 42) {
  return ServiceManager{environment(std::move(variables)), pid}.watchdog_interval();
}

/// The socket that a service manager listens on.
struct Manager {
  asio::io_context io;
  asio::local::datagram_protocol::socket socket;

  explicit Manager(const std::string& path)
      : socket{io, asio::local::datagram_protocol::endpoint{path}} {}

  std::string received() {
    char bytes[256];
    const auto count = ::recv(socket.native_handle(), bytes, sizeof bytes, MSG_DONTWAIT);
    return count < 0 ? "nothing" : std::string{bytes, static_cast<std::size_t>(count)};
  }
};

/// Runs `claims` in a child, whose descriptors may be rearranged; true if they hold.
template <typename Claims>
bool holds_in_child(Claims claims) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(claims() ? 0 : 1);
  int status = -1;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Places two unix sockets at 3 and 4, and nothing at 5.
bool place_sockets() {
  for (const int at : {3, 4}) {
    const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (made < 0 || (made != at && ::dup2(made, at) != at)) return false;
    if (made != at && made > 4) ::close(made);
  }
  ::close(5);
  return true;
}

std::size_t count_passed(Variables variables) {
  return passed_sockets(environment(std::move(variables)), ::getpid()).size();
}

}  // namespace

TEST_CASE("ServiceManager: is silent outside of one") {
  const ServiceManager none{environment({}), 42};
  CHECK_FALSE(none.present());
  CHECK_FALSE(none.notify("READY=1"));
  CHECK_FALSE(none.watchdog_interval());
  for (const char* path : {"", "relative", "vsock:2:1"}) {
    const ServiceManager other{environment({{"NOTIFY_SOCKET", path}}), 42};
    CHECK_FALSE(other.present());
    CHECK_FALSE(other.notify("READY=1"));
  }
}

TEST_CASE("ServiceManager: tells a socket in the file system") {
  const TemporaryFolder folder;
  Manager manager{folder / "notify"};
  const ServiceManager service{environment({{"NOTIFY_SOCKET", folder / "notify"}}), 42};
  CHECK(service.present());
  CHECK(service.notify("READY=1\nSTATUS=serving"));
  CHECK(manager.received() == "READY=1\nSTATUS=serving");
  CHECK(manager.received() == "nothing");
}

TEST_CASE("ServiceManager: tells an abstract socket") {
  const std::string name = "netkit-test-" + std::to_string(::getpid());
  Manager manager{std::string{'\0'} + name};
  const ServiceManager service{environment({{"NOTIFY_SOCKET", "@" + name}}), 42};
  CHECK(service.notify("STOPPING=1"));
  CHECK(manager.received() == "STOPPING=1");
}

TEST_CASE("ServiceManager: a manager that has gone or a path too long is not an error") {
  const TemporaryFolder folder;
  CHECK_FALSE(ServiceManager{environment({{"NOTIFY_SOCKET", folder / "gone"}}), 42}.notify("X=1"));
  const std::string path = "/" + std::string(107, 'p');
  CHECK_FALSE(ServiceManager{environment({{"NOTIFY_SOCKET", path}}), 42}.notify("X=1"));
}

TEST_CASE("ServiceManager: answers the watchdog twice as often as it asks") {
  CHECK(watchdog({{"WATCHDOG_USEC", "30000000"}}) == 15s);
  CHECK(watchdog({{"WATCHDOG_USEC", "3000001"}, {"WATCHDOG_PID", "42"}}) == 1'500'000us);
  CHECK_FALSE(watchdog({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "43"}}));
  for (const char* text : {"", "0", "-1", "3s", "1e6", " 5", "99999999999999999999999"})
    CHECK_FALSE_MESSAGE(watchdog({{"WATCHDOG_USEC", text}}), text);
}

TEST_CASE("ServiceManager: a watchdog's interval is never zero") {
  // Zero would make the service notify without a pause.
  const auto interval = watchdog({{"WATCHDOG_USEC", "1"}});
  CHECK((!interval || *interval > 0us));
}

TEST_CASE("passed_sockets: takes the descriptors from 3 on, with their names") {
  CHECK(holds_in_child([] {
    if (!place_sockets()) return false;
    const auto passed = passed_sockets(environment({{"LISTEN_PID", std::to_string(::getpid())},
                                                    {"LISTEN_FDS", "2"},
                                                    {"LISTEN_FDNAMES", "tcp:unknown"}}),
                                       ::getpid());
    return passed.size() == 2 && passed[0].socket.get() == 3 && passed[0].name == "tcp" &&
           passed[1].socket.get() == 4 && passed[1].name == "unknown" &&
           (::fcntl(3, F_GETFD) & FD_CLOEXEC) != 0 && (::fcntl(4, F_GETFL) & O_NONBLOCK) != 0;
  }));
}

TEST_CASE("passed_sockets: names are optional, and a descriptor that is not open is passed over") {
  CHECK(holds_in_child([] {
    if (!place_sockets()) return false;
    const auto passed = passed_sockets(
        environment({{"LISTEN_PID", std::to_string(::getpid())}, {"LISTEN_FDS", "3"}}), ::getpid());
    return passed.size() == 2 && passed[0].name.empty() && passed[1].name.empty();
  }));
}

TEST_CASE("passed_sockets: closes what is not used") {
  CHECK(holds_in_child([] {
    if (!place_sockets()) return false;
    static_cast<void>(passed_sockets(
        environment({{"LISTEN_PID", std::to_string(::getpid())}, {"LISTEN_FDS", "2"}}),
        ::getpid()));
    return ::fcntl(3, F_GETFD) < 0 && ::fcntl(4, F_GETFD) < 0;
  }));
}

TEST_CASE("passed_sockets: none for another process, or without a sound number") {
  const std::string own = std::to_string(::getpid());
  CHECK(count_passed({}) == 0);
  CHECK(count_passed({{"LISTEN_FDS", "2"}}) == 0);
  CHECK(count_passed({{"LISTEN_PID", own}}) == 0);
  CHECK(count_passed({{"LISTEN_PID", "1"}, {"LISTEN_FDS", "2"}}) == 0);
  CHECK(count_passed({{"LISTEN_PID", own + "x"}, {"LISTEN_FDS", "2"}}) == 0);
  for (const char* count : {"", "0", "-1", "two", "2 ", "99999999999999999999999"})
    CHECK_MESSAGE(count_passed({{"LISTEN_PID", own}, {"LISTEN_FDS", count}}) == 0, count);
}
