// argv -> command table -> run. The only place that catches exceptions, which are bugs, and that
// turns errors into messages and exit codes.
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/exit_code.hpp"
#include "cli/program.hpp"
#include "commands/table.hpp"

using namespace netkit;

namespace {

int say_and_exit(const cli::Program& program, const Error& error) {
  const cli::ExitCode code = cli::exit_code_of(error);
  // Whoever pressed ^C knows it, and whoever closed the pipe reads no more.
  const bool known = code == cli::exit_interrupted || error.code == Errc::no_reader;
  if (!known) fmt::print(stderr, "{}: {}\n", program.name(), error.message());
  return code;
}

/// A caller may close standard input, output or error. The next file or socket gets its number,
/// and with it what is meant for people: log lines to a peer.
/// Opened the wrong way round, so that their use is still an error.
void fill_standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(standard, F_GETFD) < 0)
      static_cast<void>(open("/dev/null", standard == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // A closed pipe or socket is an error of that write alone.
  try {
    cli::Program program{commands::table(), {argv, argv + argc}, config::read_environment(environ)};
    const Status ended = program.run();
    return ended ? cli::exit_done : say_and_exit(program, ended.error());
  } catch (const std::exception& thrown) {
    fmt::print(stderr, "netkit: internal error: {}\nPlease report it with the command you ran.\n",
               thrown.what());
    return cli::exit_failed;
  }
}
