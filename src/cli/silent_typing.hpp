// The terminal while a password is typed: no echo, and no signal that ends or stops the program
// before the echo is back. Used by Terminal::ask_password alone; has no handlers and no globals.
#pragma once

#include <csignal>
#include <termios.h>

#include "base/file.hpp"

namespace netkit::cli {

/// From its construction to its end the echo is off, and the signals that a person or a system
/// sends to end or stop a program are kept back; they are delivered when it ends. Those that are
/// ignored stay ignored. What is no terminal has no echo to switch off.
class SilentTyping {
 public:
  enum class Came { input, end, stop };

  explicit SilentTyping(int terminal);
  ~SilentTyping();
  SilentTyping(const SilentTyping&) = delete;
  SilentTyping& operator=(const SilentTyping&) = delete;

  /// Until there is something to read (or the end of the input), a signal that ends the program, or
  /// one that stops it.
  Came await();

 private:
  const int terminal_;
  termios before_{};
  bool changed_ = false;
  sigset_t kept_back_{};
  sigset_t mask_before_{};
  FileDescriptor signals_;
};

}  // namespace netkit::cli
