// Tests of the password prompt on a pseudo-terminal, in a process of its own that signals may end.
#include "cli/terminal.hpp"

#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.hpp"

using namespace netkit;
using namespace netkit::cli;

namespace {

constexpr int hang_limit_ms = 20'000;

struct Child {
  std::string expected;
  bool ignores_interrupt = false;
  bool owns_terminal = false;  ///< ^C there is a signal; but nobody is left who could continue it.
};

/// A child that asks for a password on a terminal of its own and exits 0 if it got `expected`, 9 if
/// it outlived a signal. This is the person at the other end.
class Asked {
 public:
  explicit Asked(const Child& child) {
    person_.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(::grantpt(person_.get()) == 0);
    REQUIRE(::unlockpt(person_.get()) == 0);
    char name[64];
    REQUIRE(::ptsname_r(person_.get(), name, sizeof name) == 0);
    // Kept open, so that its modes can be looked at once the child has gone.
    terminal_.reset(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(terminal_);
    child_ = ::fork();
    if (child_ == 0) ask(name, child);
  }
  ~Asked() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  bool echoes() const {
    termios modes{};
    REQUIRE(::tcgetattr(terminal_.get(), &modes) == 0);
    return (modes.c_lflag & ECHO) != 0;
  }
  /// Waits for the prompt and for the echo to be off.
  void await_prompt() {
    await("Password: ");
    for (int i = 0; echoes() && i < hang_limit_ms; ++i)
      ::poll(nullptr, 0, 1);
    REQUIRE_FALSE(echoes());
  }
  void type(std::string_view text) { REQUIRE(write_all(person_.get(), text)); }
  void send(int signal) { REQUIRE(::kill(child_, signal) == 0); }
  void await(std::string_view text) {
    while (said_.find(text) == std::string::npos) {
      pollfd waited{person_.get(), POLLIN, 0};
      REQUIRE_MESSAGE(::poll(&waited, 1, hang_limit_ms) == 1, "only said: " << said_);
      char bytes[256];
      const ssize_t count = ::read(person_.get(), bytes, sizeof bytes);
      REQUIRE(count > 0);
      said_.append(bytes, static_cast<std::size_t>(count));
    }
    said_.erase(0, said_.find(text) + text.size());
  }
  int await_change() {
    int status = -1;
    REQUIRE(::waitpid(child_, &status, WUNTRACED) == child_);
    if (!WIFSTOPPED(status)) child_ = 0;
    return status;
  }

 private:
  [[noreturn]] static void ask(const char* name, const Child& child) {
    if (child.owns_terminal) ::setsid();
    ::setpgid(0, 0);
    const int terminal = ::open(name, O_RDWR | (child.owns_terminal ? 0 : O_NOCTTY));
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP})
      ::signal(signal, SIG_DFL);
    if (child.ignores_interrupt) ::signal(SIGINT, SIG_IGN);
    const auto password = Terminal{terminal, terminal}.ask_password("Password");
    if (!password) ::_exit(9);
    ::_exit(*password == child.expected ? 0 : 1);
  }

  FileDescriptor person_;
  FileDescriptor terminal_;
  pid_t child_ = -1;
  std::string said_;
};

}  // namespace

TEST_CASE("Terminal: a password is not shown and keeps its spaces") {
  Asked asked{Child{"  two words\t"}};
  asked.await_prompt();
  asked.type("  two words\t\n");
  const int status = asked.await_change();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(asked.echoes());
}

TEST_CASE("Terminal: a signal at the password prompt ends the program and leaves the echo on") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    CAPTURE(signal);
    Asked asked{Child{"never"}};
    asked.await_prompt();
    asked.type("half a pass");
    asked.send(signal);
    const int status = asked.await_change();
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
    CHECK(asked.echoes());
  }
}

TEST_CASE("Terminal: so does ^C") {
  Asked asked{Child{"never", false, true}};
  asked.await_prompt();
  asked.type("half a pass\x03");
  const int status = asked.await_change();
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
  CHECK(asked.echoes());
}

TEST_CASE("Terminal: a signal that is ignored does not end the password prompt") {
  Asked asked{Child{"secret", true}};
  asked.await_prompt();
  asked.send(SIGINT);
  asked.type("secret\n");
  const int status = asked.await_change();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("Terminal: a stopped password prompt leaves the echo on and asks again") {
  Asked asked{Child{"secret"}};
  asked.await_prompt();
  asked.send(SIGTSTP);
  REQUIRE(WIFSTOPPED(asked.await_change()));
  CHECK(asked.echoes());
  asked.send(SIGCONT);
  asked.await_prompt();
  asked.type("secret\n");
  const int status = asked.await_change();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(asked.echoes());
}
