// fork, a child that makes only async-signal-safe calls, a pipe that says how far it came, and a
// pidfd (or, on old kernels, a poll) for its end.
#include "net/process.hpp"

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "net/child.hpp"
#include "net/spawn.hpp"

namespace netkit::net {
namespace {

using asio::posix::stream_descriptor;

/// How often an end is looked for where the kernel has no pidfd, and a growing output is cut.
constexpr std::chrono::milliseconds poll_interval{20};
constexpr std::chrono::milliseconds trim_interval{100};
/// Reads without a wait: a program, or what it left behind, may print faster than we read.
constexpr int reads_in_a_row_max = 16;

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make a pipe");
  return Pipe{FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts)
    all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

void keep_tail(std::string& text, std::size_t size_max) {
  if (text.size() > size_max) text.erase(0, text.size() - size_max);
}

/// Where a program's standard input comes from.
Result<FileDescriptor> open_input(const std::string& text) {
  if (text.empty()) {
    FileDescriptor nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (nothing) return nothing;
    Result<Pipe> empty = make_pipe();  // A root without /dev: nobody writes to it.
    if (!empty) return empty.error();
    return std::move(empty->read);
  }
  FileDescriptor memory{::memfd_create("input", MFD_CLOEXEC)};
  if (!memory) return errno_error("keep the input of a process");
  if (Status written = write_all(memory.get(), text); !written) return written.error();
  ::lseek(memory.get(), 0, SEEK_SET);
  return memory;
}

std::string folder_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

Error failure_of(const ChildReport& report, const Launch& launch) {
  const std::error_code code{report.error, std::generic_category()};
  switch (report.stage) {
    case ChildStage::claim:
      if (report.error == EEXIST) return {Errc::busy, "start it again"};
      return {code, "note in " + escape_for_display(*launch.claim) + " that it starts"};
    case ChildStage::prepare: return {code, "prepare a process"};
    case ChildStage::run: break;
  }
  return {code, "run " + escape_for_display(launch.arguments.empty() ? "" : launch.arguments[0])};
}

}  // namespace

struct Process::State {
  State(const asio::any_io_executor& on, const Launch& what)
      : executor{on}, launch{what}, timer{on} {}

  asio::awaitable<void> wait();
  asio::awaitable<void> wait_by_polling();
  void arm_limit(const std::shared_ptr<State>& self, std::chrono::nanoseconds limit);
  void watch_size(const std::shared_ptr<State>& self);
  void read_on(const std::shared_ptr<State>& self);
  bool read_some();
  void kill_group() const;
  std::string take_output();

  asio::any_io_executor executor;
  Launch launch;
  asio::steady_timer timer;
  std::optional<asio::steady_timer> trim;
  pid_t pid = -1;
  FileDescriptor report;                    // What the child says until it runs the program.
  std::optional<stream_descriptor> output;  // A pipe,
  FileDescriptor memory;                    // or memory, if the program may outlive us.
  std::string tail;
  ProcessEnd end;
  bool reaped = false;
};

Process::Process(std::shared_ptr<State> state) : state_{std::move(state)} {}
Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&&) noexcept = default;

Process::~Process() {
  if (!state_) return;
  std::error_code ignored;
  if (state_->output) state_->output->close(ignored);
  state_->trim.reset();
}

Result<Process> Process::start(const asio::any_io_executor& executor, const Launch& launch) {
  auto state = std::make_shared<State>(executor, launch);
  Result<Pipe> report = make_pipe();
  if (!report) return report.error();
  Pipe output;
  if (launch.outlives_us) {
    state->memory.reset(::memfd_create("output", MFD_CLOEXEC));
    if (!state->memory) return errno_error("keep the output of a process");
    ::fcntl(state->memory.get(), F_SETFL, O_APPEND);
  } else {
    Result<Pipe> made = make_pipe();
    if (!made) return made.error();
    output = std::move(*made);
  }
  const Result<FileDescriptor> input = open_input(launch.input);
  if (!input) return input.error();
  const std::vector<char*> arguments = pointers(launch.arguments);
  const std::vector<char*> environment = pointers(launch.environment);
  const std::string folder = launch.claim ? folder_of(*launch.claim) : "";
  const ChildPlan plan{.arguments = arguments.data(),
                       .environment = environment.data(),
                       .instead = launch.instead,
                       .claim = launch.claim ? launch.claim->c_str() : nullptr,
                       .claim_folder = folder.c_str(),
                       .input = input->get(),
                       .output = launch.outlives_us ? state->memory.get() : output.write.get(),
                       .report = report->write.get()};
  state->pid = fork_child(plan);
  if (state->pid < 0) return errno_error("start a process");
  state->report = std::move(report->read);
  if (output.read) {
    state->output.emplace(executor);
    std::error_code failed;
    state->output->assign(output.read.get(), failed);
    if (failed) return Error{failed, "read the output of a process"};
    static_cast<void>(output.read.release());
    state->output->native_non_blocking(true, failed);
  }
  return Process{std::move(state)};
}

asio::awaitable<Status> Process::begun() {
  const std::shared_ptr<State> state = state_;
  stream_descriptor pipe{state->executor};
  std::error_code failed;
  pipe.assign(state->report.get(), failed);
  if (failed) co_return Error{failed, "wait for a process"};
  static_cast<void>(state->report.release());
  ChildReport report;
  const std::size_t count =
      co_await asio::async_read(pipe, asio::buffer(&report, sizeof report), into(failed));
  if (count == 0) co_return ok;  // Closed by the program's beginning.
  // The child has ended or is about to.
  static_cast<void>(co_await ended({}));
  if (count != sizeof report) co_return Error{Errc::unexpected, "start a process"};
  co_return failure_of(report, state->launch);
}

asio::awaitable<void> Process::State::wait_by_polling() {
  asio::steady_timer tick{executor};
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == pid)
      co_return;
    tick.expires_after(poll_interval);
    std::error_code cancelled;
    co_await tick.async_wait(into(cancelled));
  }
}

asio::awaitable<void> Process::State::wait() {
#ifdef SYS_pidfd_open
  FileDescriptor pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (pidfd) {
    ::fcntl(pidfd.get(), F_SETFD, FD_CLOEXEC);
    stream_descriptor watched{executor};
    std::error_code failed;
    watched.assign(pidfd.get(), failed);
    if (!failed) {
      static_cast<void>(pidfd.release());
      co_await watched.async_wait(stream_descriptor::wait_read, into(failed));
    }
  }
#endif
  co_await wait_by_polling();  // Returns at once unless there was no pidfd.
}

/// A child that has just been forked may not lead its group yet.
void Process::State::kill_group() const {
  if (::kill(-pid, SIGKILL) != 0) ::kill(pid, SIGKILL);
}

void Process::State::arm_limit(const std::shared_ptr<State>& self, std::chrono::nanoseconds limit) {
  if (limit.count() <= 0) return;
  timer.expires_after(limit);
  timer.async_wait([self](std::error_code cancelled) {
    if (cancelled || self->reaped) return;
    const auto patience = std::exchange(self->launch.grace, {});
    if (std::exchange(self->end.timed_out, true) || patience.count() <= 0)
      return self->kill_group();
    ::kill(-self->pid, SIGTERM);
    self->arm_limit(self, patience);
  });
}

/// A program that prints without end must not fill the memory.
void Process::State::watch_size(const std::shared_ptr<State>& self) {
  trim.emplace(executor, trim_interval);
  trim->async_wait([weak = std::weak_ptr{self}](std::error_code cancelled) {
    const auto state = weak.lock();
    if (cancelled || !state || state->reaped) return;
    struct stat info {};
    const auto size_max = static_cast<off_t>(state->launch.output_size_max * 16 + 64 * 1024);
    if (::fstat(state->memory.get(), &info) == 0 && info.st_size > size_max)
      static_cast<void>(::ftruncate(state->memory.get(), 0));
    state->watch_size(state);
  });
}

void Process::State::read_on(const std::shared_ptr<State>& self) {
  output->async_wait(stream_descriptor::wait_read, [self](std::error_code failed) {
    if (!failed && !self->reaped && self->read_some()) self->read_on(self);
  });
}

/// False once nobody writes any more.
bool Process::State::read_some() {
  std::array<char, 4096> piece;
  for (int i = 0; i < reads_in_a_row_max; ++i) {
    const ssize_t count = ::read(output->native_handle(), piece.data(), piece.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    tail.append(piece.data(), static_cast<std::size_t>(count));
    keep_tail(tail, launch.output_size_max);
  }
  return true;
}

std::string Process::State::take_output() {
  std::error_code ignored;
  if (output) {
    static_cast<void>(read_some());
    output->close(ignored);
    return std::move(tail);
  }
  struct stat info {};
  if (::fstat(memory.get(), &info) != 0) return {};
  const auto kept = std::min(info.st_size, static_cast<off_t>(launch.output_size_max));
  std::string text(static_cast<std::size_t>(kept), '\0');
  const ssize_t count = ::pread(memory.get(), text.data(), text.size(), info.st_size - kept);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return text;
}

asio::awaitable<ProcessEnd> Process::ended(std::chrono::nanoseconds limit) {
  const std::shared_ptr<State> state = state_;
  if (state->reaped) co_return state->end;
  state->arm_limit(state, limit);
  if (state->output) state->read_on(state);
  if (state->memory) state->watch_size(state);
  co_await state->wait();
  // What the program started goes with it, as long as nobody else can have the group's number.
  if (state->end.timed_out) ::kill(-state->pid, SIGKILL);

  int status = 0;
  while (::waitpid(state->pid, &status, 0) < 0 && errno == EINTR) {
  }
  state->reaped = true;
  state->timer.cancel();
  state->trim.reset();
  if (WIFSIGNALED(status)) state->end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) state->end.code = WEXITSTATUS(status);
  state->end.output = state->take_output();
  co_return state->end;
}

void Process::kill() {
  if (!state_->reaped) state_->kill_group();
}

pid_t Process::id() const {
  return state_->pid;
}

asio::awaitable<Result<ProcessEnd>> run_process(Launch launch, std::chrono::nanoseconds limit) {
  Result<Process> process = Process::start(co_await asio::this_coro::executor, launch);
  if (!process) co_return process.error();
  if (Status begun = co_await process->begun(); !begun) co_return begun.error();
  co_return co_await process->ended(limit);
}

std::string to_text(const ProcessEnd& end) {
  if (end.timed_out) return "took too long";
  if (end.signal == 0) return "exited with " + std::to_string(end.code);
  const char* const name = ::sigdescr_np(end.signal);
  return "was ended by signal " + std::to_string(end.signal) +
         (name ? " (" + std::string{name} + ")" : "");
}

std::string find_program(std::string_view name, std::string_view path) {
  for (const std::string_view folder : split(path, ':')) {
    if (!folder.starts_with('/')) continue;  // "." would run whatever lies around.
    const std::string file = std::string{folder} + "/" + std::string{name};
    struct stat info {};
    if (::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        ::access(file.c_str(), X_OK) == 0)
      return file;
  }
  return {};
}

}  // namespace netkit::net
