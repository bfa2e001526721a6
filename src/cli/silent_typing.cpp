// Signals are blocked, and a signalfd says when one waits: it is never taken from there, so that it
// does what it would have done as soon as it is let through.
#include "cli/silent_typing.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace netkit::cli {

SilentTyping::SilentTyping(int terminal) : terminal_{terminal} {
  sigemptyset(&kept_back_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
      sigaddset(&kept_back_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &kept_back_, &mask_before_);
  signals_.reset(signalfd(-1, &kept_back_, SFD_CLOEXEC | SFD_NONBLOCK));
  changed_ = tcgetattr(terminal_, &before_) == 0;
  if (!changed_) return;
  termios silent = before_;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(terminal_, TCSAFLUSH, &silent);
}

SilentTyping::~SilentTyping() {
  if (changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);  // Here a signal may end the program.
}

SilentTyping::Came SilentTyping::await() {
  pollfd waited[] = {{terminal_, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  while (poll(waited, 2, -1) < 0) {
    if (errno != EINTR) return Came::input;  // Reading says what is wrong.
  }
  if ((waited[1].revents & POLLIN) == 0) return Came::input;
  sigset_t pending{};
  sigpending(&pending);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
    if (sigismember(&kept_back_, signal) == 1 && sigismember(&pending, signal) == 1)
      return Came::end;
  return Came::stop;
}

}  // namespace netkit::cli
