// Nothing here allocates, locks or runs a destructor that does: a thread of the parent may have
// held any lock at the fork.
#include "net/child.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace netkit::net {
namespace {

constexpr int exit_not_begun = 127;
/// Where closing descriptors one by one ends, on kernels without close_range(2).
constexpr rlim_t descriptors_max = 65536;

[[noreturn]] void give_up(const ChildPlan& plan, ChildStage stage) {
  const ChildReport report{stage, errno};
  static_cast<void>(!::write(plan.report, &report, sizeof report));
  ::_exit(exit_not_begun);
}

void reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The report must stay open until execve(2), so descriptors are marked rather than closed.
void leave_descriptors_behind() {
#ifdef SYS_close_range
  constexpr unsigned mark_close_on_exec = 1U << 2;  // CLOSE_RANGE_CLOEXEC, Linux 5.11.
  if (::syscall(SYS_close_range, 3U, ~0U, mark_close_on_exec) == 0) return;
#endif
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto end = static_cast<int>(std::min(limit.rlim_cur, descriptors_max));
  for (int each = 3; each < end; ++each)
    ::fcntl(each, F_SETFD, FD_CLOEXEC);
}

/// True once the claim is ours and on disk, whatever happens to the machine next.
bool make_claim(const ChildPlan& plan) {
  const int file = ::open(plan.claim, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return false;
  const int folder = ::open(plan.claim_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // EINVAL: a file system that has no fsync for folders.
  if (::fsync(file) == 0 && folder >= 0 && (::fsync(folder) == 0 || errno == EINVAL)) return true;
  const int reason = errno;
  ::unlink(plan.claim);
  errno = reason;
  return false;
}

/// The same file under a number that no standard descriptor has.
int above_standard(int descriptor) {
  return descriptor > STDERR_FILENO ? descriptor : ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

[[noreturn]] void run_child(ChildPlan plan) {
  ::setsid();
  plan.report = above_standard(plan.report);
  plan.input = above_standard(plan.input);
  plan.output = above_standard(plan.output);
  if (::dup2(plan.input, STDIN_FILENO) < 0 || ::dup2(plan.output, STDOUT_FILENO) < 0 ||
      ::dup2(plan.output, STDERR_FILENO) < 0)
    give_up(plan, ChildStage::prepare);
  leave_descriptors_behind();
  if (plan.claim && !make_claim(plan)) give_up(plan, ChildStage::claim);
  reset_signals();
  if (plan.instead) {
    ::close(plan.report);
    ::_exit(plan.instead());
  }
  ::execve(plan.arguments[0], plan.arguments, plan.environment);
  const int reason = errno;
  if (plan.claim) ::unlink(plan.claim);
  errno = reason;
  give_up(plan, ChildStage::run);
}

}  // namespace

pid_t fork_child(const ChildPlan& plan) {
  // A signal that reached the child before its handlers are gone would be told to the parent.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) run_child(plan);
  const int reason = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = reason;
  return pid;
}

}  // namespace netkit::net
