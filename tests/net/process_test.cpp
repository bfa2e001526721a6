// Tests of programs started from this one: their ends, output, limits, what they inherit, and that
// of any number of attempts with one claim a single one begins.
#include "net/process.hpp"

#include <asio/steady_timer.hpp>
#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/file.hpp"
#include "net/rig.hpp"
#include "net/spawn.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace std::chrono_literals;
using netkit::net::tests::run;
using netkit::support::TemporaryFolder;

namespace {

Launch shell(std::string command) {
  return {.arguments = {"/bin/sh", "-c", std::move(command)},
          .environment = {"PATH=/usr/bin:/bin", "WHO=netkit"},
          .claim = {}};
}

ProcessEnd end_of(Launch launch, std::chrono::nanoseconds limit = {}) {
  auto end = run(run_process(std::move(launch), limit));
  REQUIRE(end);
  return *end;
}

asio::awaitable<Status> begin_only(Launch launch) {
  Result<Process> process = Process::start(co_await asio::this_coro::executor, launch);
  if (!process) co_return process.error();
  Status begun = co_await process->begun();
  if (begun) static_cast<void>(co_await process->ended({}));
  co_return begun;
}

}  // namespace

TEST_CASE("run_process: a program reads the input it is given, whether or not it wants to") {
  Launch launch = shell("head -c 5; wc -c");
  launch.input = std::string(100'000, 'x');
  CHECK(end_of(std::move(launch)).output == "xxxxx99995\n");
  launch = shell("true");
  launch.input = "unread";
  CHECK(end_of(std::move(launch)).succeeded());
}

TEST_CASE("run_process: at its limit a program may clean up first, and is killed if it does not") {
  Launch launch = shell("trap 'echo bye; exit 1' TERM; echo on; while :; do sleep 0.01; done");
  launch.grace = 30s;
  const ProcessEnd polite = end_of(std::move(launch), 1s);
  CHECK(polite.timed_out);
  CHECK(polite.code == 1);
  CHECK(polite.output.ends_with("bye\n"));
  launch = shell("trap '' TERM; while :; do sleep 0.01; done");
  launch.grace = 50ms;
  const ProcessEnd stubborn = end_of(std::move(launch), 50ms);
  CHECK(stubborn.timed_out);
  CHECK(stubborn.signal == SIGKILL);
}

TEST_CASE("run_process: exit code, output of both streams, environment, no input") {
  const ProcessEnd end = end_of(shell("echo $WHO; echo err >&2; cat; exit 3"));
  CHECK(end.code == 3);
  CHECK(end.signal == 0);
  CHECK(end.output == "netkit\nerr\n");
  CHECK_FALSE(end.succeeded());
  CHECK(to_text(end) == "exited with 3");
  CHECK(end_of(shell("true")).succeeded());
}

TEST_CASE("run_process: a signal is told by its name") {
  const ProcessEnd end = end_of(shell("kill -9 $$"));
  CHECK(end.signal == 9);
  CHECK(to_text(end) == "was ended by signal 9 (Killed)");
}

TEST_CASE("run_process: a program that is not there is an error that names it") {
  const auto end =
      run(run_process({.arguments = {"/no/such"}, .environment = {}, .claim = {}}, 0s));
  REQUIRE_FALSE(end);
  CHECK(end.error().message() == "cannot run /no/such: No such file or directory");
}

TEST_CASE("run_process: past its limit the whole group is killed") {
  const TemporaryFolder folder;
  const std::string pid_path = folder.path() + "/pid";
  const ProcessEnd end =
      end_of(shell("sleep 50 & echo $! >" + pid_path + "; echo said; wait"), 300ms);
  CHECK(end.timed_out);
  CHECK(end.output == "said\n");
  CHECK(to_text(end) == "took too long");
  const int orphan = std::stoi(*read_file(pid_path, 100));
  CHECK(net::tests::becomes_true([&] {
    // A zombie of ours or of init counts as gone.
    const auto status = read_file("/proc/" + std::to_string(orphan) + "/stat", 4096);
    return !status || status->find(") Z") != std::string::npos;
  }));
}

TEST_CASE("run_process: does not wait for children that the program left behind") {
  const auto began = std::chrono::steady_clock::now();
  const ProcessEnd end = end_of(shell("echo now; sleep 20 &"));
  CHECK(end.output == "now\n");
  CHECK(std::chrono::steady_clock::now() - began < 10s);
}

TEST_CASE("run_process: of much output the end is kept, and the program not held up") {
  Launch much = shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done");
  much.output_size_max = 11;
  CHECK(end_of(much, 60s).output == "line 19999\n");
  much.outlives_us = true;
  CHECK(end_of(much, 60s).output == "line 19999\n");
}

TEST_CASE("run_process: endless output fills no memory") {
  for (const bool outlives_us : {false, true}) {
    Launch endless = shell("exec yes");
    endless.outlives_us = outlives_us;
    const ProcessEnd end = end_of(endless, 500ms);
    CHECK(end.timed_out);
    CHECK(end.output.size() <= endless.output_size_max);
  }
}

TEST_CASE("Process: inherits no descriptor, no ignored signal, no mask, no session") {
  const int pair = ::socket(AF_INET, SOCK_STREAM, 0);  // Without SOCK_CLOEXEC.
  REQUIRE(pair >= 0);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigset_t mask_before;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &set, &mask_before);
  const ProcessEnd end =
      end_of(shell("ls /proc/self/fd | tr '\\n' ' '; grep -E '^Sig(Blk|Ign)' /proc/self/status | "
                   "tr -d '\\n\\t'; ps -o sid= -p $$ | tr -d ' ' | grep -qx $$ && echo leader"));
  ::pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
  std::signal(SIGPIPE, before);
  ::close(pair);
  // 3 is the folder that ls reads.
  CHECK(end.output == "0 1 2 3 SigBlk:0000000000000000SigIgn:0000000000000000leader\n");
}

TEST_CASE("Process: what it prints after we stopped listening does not end it") {
  const TemporaryFolder folder;
  const std::string done = folder.path() + "/done";
  Launch launch = shell("sleep 0.3; echo a; echo b; echo c >" + done);
  launch.outlives_us = true;
  {
    asio::io_context io;
    Result<Process> process = Process::start(io.get_executor(), launch);
    REQUIRE(process);
  }
  CHECK(net::tests::becomes_true([&] { return read_file(done, 10).operator bool(); }));
  ::waitpid(-1, nullptr, WNOHANG);
}

TEST_CASE("Process: of many attempts with one claim a single one begins") {
  const TemporaryFolder folder;
  const std::string lines = folder.path() + "/lines";
  Launch launch = shell("echo x >>" + lines);
  launch.claim = folder.path() + "/claim";
  unsigned begun = 0;
  for (int i = 0; i < 20; ++i) {
    const Status status = run(begin_only(launch));
    if (status)
      ++begun;
    else
      CHECK(status.error().code == Errc::busy);
  }
  CHECK(begun == 1);
  CHECK(*read_file(lines, 100) == "x\n");
}

TEST_CASE("Process: without room for its claim nothing begins") {
  const TemporaryFolder folder;
  Launch launch = shell("echo x >" + folder.path() + "/ran");
  launch.claim = folder.path() + "/missing/claim";
  const Status status = run(begin_only(launch));
  REQUIRE_FALSE(status);
  CHECK(status.error().code == std::errc::no_such_file_or_directory);
  CHECK(status.error().message().find("note in ") != std::string::npos);
  CHECK_FALSE(read_file(folder.path() + "/ran", 10));
}

TEST_CASE("Process: a program that cannot run leaves no claim") {
  const TemporaryFolder folder;
  Launch launch{.arguments = {"/no/such"}, .environment = {}, .claim = folder.path() + "/claim"};
  CHECK_FALSE(run(begin_only(launch)));
  CHECK_FALSE(read_file(*launch.claim, 10));
}

TEST_CASE("Process: a function may run in its place, behind the claim") {
  const TemporaryFolder folder;
  Launch launch{.arguments = {},
                .environment = {},
                .instead = [] { return 5; },
                .claim = folder.path() + "/claim"};
  CHECK(end_of(launch).code == 5);
  CHECK(read_file(*launch.claim, 10));
}

TEST_CASE("Process: starts beside threads that allocate and lock") {
  std::atomic<bool> over = false;
  std::jthread busy{[&] {
    while (!over)
      std::string(1000, 'x').append("y");
  }};
  for (int i = 0; i < 30; ++i)
    CHECK(end_of(shell("exit 0"), 30s).succeeded());
  over = true;
}

TEST_CASE("Process: no zombie is left, and kill() ends it") {
  pid_t id = 0;
  const auto killed = [](pid_t& of) -> asio::awaitable<ProcessEnd> {
    const Launch launch = shell("sleep 50");
    Result<Process> process = Process::start(co_await asio::this_coro::executor, launch);
    of = process->id();
    process->kill();
    static_cast<void>(co_await process->begun());
    co_return co_await process->ended({});
  };
  CHECK(run(killed(id)).signal == SIGKILL);
  CHECK(::waitpid(id, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("find_program: executable files in absolute folders only") {
  const TemporaryFolder folder;
  std::ofstream{folder.path() + "/tool"} << "";
  CHECK(find_program("tool", folder.path()).empty());
  REQUIRE(::chmod((folder.path() + "/tool").c_str(), 0755) == 0);
  CHECK(find_program("tool", "/nowhere:.::" + folder.path()) == folder.path() + "/tool");
  CHECK(find_program("tool", "").empty());
  CHECK_FALSE(find_program("sh", "/usr/bin:/bin").empty());
}
