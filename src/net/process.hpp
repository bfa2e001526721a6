// Other programs, started from this one: hooks, questions to system tools, the command that turns a
// host off. Safe beside threads; nothing of ours (sockets, signals, masks) reaches the program.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/result.hpp"

namespace netkit::net {

/// What the child runs in place of a program. Only async-signal-safe calls (signal-safety(7)); the
/// return value is its exit code.
using InChild = int (*)();

struct Launch {
  /// The program's path, then its arguments. Nothing is looked up; find_program() does that.
  std::vector<std::string> arguments;
  /// All of its environment, NAME=VALUE.
  std::vector<std::string> environment;
  InChild instead = nullptr;
  /// The child makes this file right before the program begins, and gives up if it is there: of any
  /// number of attempts, whoever made them and died meanwhile, one begins. It is on disk by then.
  std::optional<std::string> claim;
  /// Last bytes of standard output and standard error together that are kept.
  std::size_t output_size_max = 4096;
  /// The program may outlive us: what it prints then is lost and does not end it.
  bool outlives_us = false;
  /// What it finds on its standard input, as a file; empty: nothing.
  std::string input = {};
  /// At the limit its group is asked by SIGTERM to end, and killed so much later; zero: at once.
  std::chrono::nanoseconds grace{0};
};

struct ProcessEnd {
  int code = 0;    ///< Exit code; meaningless if a signal ended it.
  int signal = 0;  ///< The signal that ended it; 0: none did.
  bool timed_out = false;
  std::string output;  ///< As Launch says; any bytes.

  bool succeeded() const { return code == 0 && signal == 0 && !timed_out; }
};

/// A child in a session of its own. Destroying the
/// object leaves it running. One thread, the one that runs the executor's io_context.
class Process {
 public:
  /// Forks. An error means that there is no child.
  static Result<Process> start(const asio::any_io_executor& executor, const Launch& launch);
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  /// Waits until the program has begun. Errc::busy: the claim was there. Any other error says what
  /// could not be done; then nothing has begun and no claim is left. To be awaited once, first.
  asio::awaitable<Status> begun();
  /// Waits for its end; after `limit` (zero: none) the whole group is ended. To be awaited once.
  asio::awaitable<ProcessEnd> ended(std::chrono::nanoseconds limit);
  /// Kills the group; ended() then returns.
  void kill();
  pid_t id() const;

 private:
  struct State;
  explicit Process(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

/// start(), begun() and ended() in one.
asio::awaitable<Result<ProcessEnd>> run_process(Launch launch, std::chrono::nanoseconds limit);

/// "exited with 3" or "was ended by signal 9 (Killed)" or "took too long".
std::string to_text(const ProcessEnd& end);

/// The first executable file `name` in the folders of `path` ("A:B"); "" for none.
std::string find_program(std::string_view name, std::string_view path);

}  // namespace netkit::net
