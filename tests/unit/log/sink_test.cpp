// Tests of the sinks on real descriptors: full pipes, full disks, renamed files, two processes.
#include "log/sink.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <signal.h>
#include <sstream>
#include <stdlib.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "log/file_sink.hpp"
#include "log/logger.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::log;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

struct Pipe {
  FileDescriptor read_end, write_end;
  Pipe() {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  std::string drain() const {
    std::string all;
    char buffer[65536];
    for (ssize_t got = 0; (got = ::read(read_end.get(), buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }
};

/// Lets files of this process grow to `size` only: a write past it fails as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    previous_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, previous_);
  }

 private:
  rlimit before_{};
  void (*previous_)(int) = nullptr;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream stream{bytes_of(path)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

bool exists(const std::string& path) {
  return std::filesystem::exists(path);
}

}  // namespace

TEST_CASE("StderrSink: survives a full pipe and a closed one") {
  const auto previous = ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  StderrSink sink{pipe.write_end.get()};
  CHECK(sink.write("one\n"));
  CHECK(pipe.drain() == "one\n");
  const std::string line = std::string(999, 'x') + "\n";
  int taken = 0;
  while (sink.write(line))
    ++taken;
  CHECK(taken > 10);
  CHECK_FALSE(sink.write(line));
  pipe.drain();
  CHECK(sink.write("after\n"));
  pipe.read_end.reset();
  CHECK_FALSE(sink.write("lost\n"));
  ::signal(SIGPIPE, previous);
}

TEST_CASE("StderrSink: a line that was cut does not join the next one") {
  Pipe pipe;
  StderrSink sink{pipe.write_end.get()};
  const std::string huge(1024 * 1024, 'x');
  CHECK_FALSE(sink.write(huge + "\n"));
  const std::string fragment = pipe.drain();
  CHECK(fragment.size() > 0);
  CHECK(fragment.find('\n') == std::string::npos);
  CHECK(sink.write("next\n"));
  CHECK(pipe.drain() == "\nnext\n");
  CHECK(sink.write("more\n"));
  CHECK(pipe.drain() == "more\n");
}

TEST_CASE("StderrSink: never waits for whoever reads a pipe, a terminal or a socket") {
  const FileDescriptor person{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  REQUIRE(::grantpt(person.get()) == 0);
  REQUIRE(::unlockpt(person.get()) == 0);
  char name[64];
  REQUIRE(::ptsname_r(person.get(), name, sizeof name) == 0);
  const FileDescriptor terminal{::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)};
  Pipe pipe;
  int pair[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  const FileDescriptor socket{pair[0]};
  const FileDescriptor other_end{pair[1]};
  for (const int fd : {pipe.write_end.get(), terminal.get(), socket.get()}) {
    CAPTURE(fd);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    StderrSink sink{fd};
    for (const std::size_t size : {100u, 10'000u}) {
      const std::string line = std::string(size, 'x') + "\n";
      int lines = 0;
      while (sink.write(line) && lines < 100'000)
        ++lines;
      CHECK(lines < 100'000);
    }
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);  // Other programs may share it.
  }
  pipe.drain();
  CHECK(StderrSink{pipe.write_end.get()}.write("room again\n"));
}

TEST_CASE("StderrSink: survives a full disk") {
  const FileDescriptor full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  REQUIRE(full);
  StderrSink sink{full.get()};
  CHECK_FALSE(sink.write("line\n"));
}

TEST_CASE("MemorySink: keeps the last lines") {
  MemorySink sink{2};
  for (const char* line : {"a\n", "b\n", "c\n"})
    CHECK(sink.write(line));
  CHECK(sink.text() == "b\nc\n");
}

TEST_CASE("is_journal: compares device and inode and refuses nonsense") {
  const Pipe pipe;
  struct stat info {};
  REQUIRE(::fstat(pipe.write_end.get(), &info) == 0);
  const std::string device = std::to_string(info.st_dev);
  const std::string inode = std::to_string(info.st_ino);
  CHECK(is_journal(pipe.write_end.get(), device + ":" + inode));
  CHECK_FALSE(is_journal(pipe.write_end.get(), device + ":" + inode + "0"));
  for (const char* text : {"", ":", "1", "1:", ":1", "x:y", "99999999999999999999999:1"})
    CHECK_FALSE(is_journal(pipe.write_end.get(), text));
  CHECK_FALSE(is_journal(-1, device + ":" + inode));
}

TEST_CASE("FileSink: appends to what is there and creates with mode 0640") {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  const mode_t mask = ::umask(0);
  auto sink = FileSink::open(path);
  ::umask(mask);
  REQUIRE(sink);
  CHECK((*sink)->write("one\n"));
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
  auto again = FileSink::open(path);
  REQUIRE(again);
  CHECK((*again)->write("two\n"));
  CHECK(bytes_of(path) == "one\ntwo\n");
}

TEST_CASE("FileSink: tells at once of a path it cannot open, without blocking") {
  const TemporaryFolder folder;
  const auto missing = FileSink::open(folder / "none/log");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message() ==
        "cannot open the log file " + folder.path() + "/none/log: No such file or directory");
  CHECK_FALSE(FileSink::open(folder.path()));
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK_FALSE(FileSink::open(folder / "fifo"));
}

TEST_CASE("FileSink: renames at the size limit and keeps that many old files") {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  auto sink = FileSink::open(path, {20, 2});
  REQUIRE(sink);
  for (const char digit : {'1', '2', '3', '4'})
    for (int i = 0; i < 2; ++i)
      CHECK((*sink)->write("line 000" + std::string{digit} + "\n"));
  CHECK(bytes_of(path) == "line 0004\nline 0004\n");
  CHECK(bytes_of(path + ".1") == "line 0003\nline 0003\n");
  CHECK(bytes_of(path + ".2") == "line 0002\nline 0002\n");
  CHECK_FALSE(exists(path + ".3"));
  CHECK((*sink)->write(std::string(50, 'x') + "\n"));
  CHECK((*sink)->write("y\n"));
  CHECK(bytes_of(path + ".1") == std::string(50, 'x') + "\n");
}

TEST_CASE("FileSink: without old files it starts the file again") {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  auto sink = FileSink::open(path, {10, 0});
  REQUIRE(sink);
  CHECK((*sink)->write("first ..\n"));
  CHECK((*sink)->write("second\n"));
  CHECK(bytes_of(path) == "second\n");
  CHECK_FALSE(exists(path + ".1"));
}

TEST_CASE("FileSink: never renames what is no regular file") {
  auto sink = FileSink::open("/dev/null", {1, 2});
  REQUIRE(sink);
  CHECK((*sink)->write("line\n"));
  CHECK((*sink)->write("line\n"));
  CHECK_FALSE(exists("/dev/null.1"));
}

TEST_CASE("FileSink: goes on in the same file when it cannot rename") {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  auto sink = FileSink::open(path, {10, 1});
  REQUIRE(sink);
  std::filesystem::create_directories(path + ".1/in-the-way");
  for (int i = 0; i < 5; ++i)
    CHECK((*sink)->write("line 00\n"));
  CHECK(lines_of(path).size() == 5);
  std::filesystem::remove_all(path + ".1");
  for (int i = 0; i < 3; ++i)
    CHECK((*sink)->write("line 00\n"));
  CHECK(exists(path + ".1"));
}

TEST_CASE("FileSink: reopens the path after another program moved the file") {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  auto sink = FileSink::open(path);
  REQUIRE(sink);
  CHECK((*sink)->write("old\n"));
  std::filesystem::rename(path, folder / "moved");
  CHECK((*sink)->write("still old\n"));
  REQUIRE((*sink)->reopen());
  CHECK((*sink)->write("new\n"));
  CHECK(bytes_of(folder / "moved") == "old\nstill old\n");
  CHECK(bytes_of(path) == "new\n");
}

TEST_CASE("FileSink: a reopen that fails keeps the file it has") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "logs");
  auto sink = FileSink::open(folder / "logs/log");
  REQUIRE(sink);
  std::filesystem::rename(folder / "logs", folder / "away");
  CHECK_FALSE((*sink)->reopen());
  CHECK((*sink)->write("kept\n"));
  CHECK(bytes_of(folder / "away/log") == "kept\n");
}

TEST_CASE("FileSink: a full disk loses whole lines, counted, and it says so once there is room") {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  auto sink = FileSink::open(path);
  REQUIRE(sink);
  Logger logger{"echo", **sink, {Level::info, {Format::text, true, false}}};
  {
    const FileSizeLimit limit{100};
    for (int i = 0; i < 10; ++i)
      logger.info("connect", {{"n", i}});
  }
  CHECK(logger.dropped() == 7);
  logger.info("stop");
  CHECK(bytes_of(path) ==
        "<6>info echo: connect n=0\n<6>info echo: connect n=1\n<6>info echo: connect n=2\n"
        "<4>warn echo: dropped lines=7\n<6>info echo: stop\n");
}

TEST_CASE("FileSink: two processes on one file tear no line and lose none to a rename") {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  constexpr int lines_each = 1000;
  const auto write_lines = [&](char who) {
    auto sink = FileSink::open(path, {8000, 20});
    bool all = static_cast<bool>(sink);
    for (int i = 0; all && i < lines_each; ++i)
      all = (*sink)->write(std::string(1, who) + std::string(60, '.') + std::to_string(i) + "\n");
    return all;
  };
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(write_lines('b') ? 0 : 1);
  CHECK(write_lines('a'));
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);

  std::map<char, int> seen;
  for (const auto& file : std::filesystem::directory_iterator{folder.path()}) {
    for (const std::string& line : lines_of(file.path().string())) {
      CHECK(line.substr(1, 60) == std::string(60, '.'));
      CHECK(line.size() <= 65);
      ++seen[line.at(0)];
    }
  }
  CHECK(seen == std::map<char, int>{{'a', lines_each}, {'b', lines_each}});
  CHECK(exists(path + ".1"));
}
