// A redis-server of a test's own: on a unix socket in a temporary folder, ended by its process id.
// Tests that need one say so and pass where the program is not installed.
#pragma once

#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "support/temporary_folder.hpp"

namespace netkit::support {

class RedisServer {
 public:
  /// `options` are further words of its command line.
  explicit RedisServer(std::vector<std::string> options = {"--appendonly", "yes", "--appendfsync",
                                                           "always"})
      : options_{std::move(options)} {
    start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { kill_it(); }

  static bool is_installed() {
    return ::access("/usr/bin/redis-server", X_OK) == 0 ||
           ::access("/usr/local/bin/redis-server", X_OK) == 0;
  }

  std::string url() const { return "redis+unix:" + socket(); }
  std::string socket() const { return folder_ / "redis.sock"; }
  bool is_running() const { return process_ > 0; }

  /// On the same files, after kill_it().
  void start() {
    std::vector<std::string> words{"redis-server", "--port", "0", "--unixsocket", socket(), "--dir",
                                   folder_.path(), "--save", "",  "--daemonize",  "no"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> arguments;
    for (std::string& word : words)
      arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::unlink(socket().c_str());
    process_ = ::fork();
    if (process_ == 0) {
      // The tests' own end must not leave it behind.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int log = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(log, 1);
      ::dup2(log, 2);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!answers() && std::chrono::steady_clock::now() < until)
      ::poll(nullptr, 0, 10);
  }

  /// As a crash would end it.
  void kill_it() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::kill(process_, SIGCONT);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  void freeze() const { ::kill(process_, SIGSTOP); }
  void thaw() const { ::kill(process_, SIGCONT); }

 private:
  bool answers() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    socket().copy(to.sun_path, sizeof to.sun_path - 1);
    const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    ::close(fd);
    return connected;
  }

  TemporaryFolder folder_;
  std::vector<std::string> options_;
  pid_t process_ = -1;
};

}  // namespace netkit::support
