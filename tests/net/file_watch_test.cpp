// Tests of watching files: every way of changing one is told, by inotify and by looking alike.
#include "net/file_watch.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "net/rig.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace std::chrono_literals;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

/// A watch on FOLDER/state, and what it said.
class Watching {
 public:
  explicit Watching(bool polling_only, bool with_folder = true,
                    std::chrono::milliseconds sweep_interval = 100ms) {
    if (with_folder) make_folder();
    FileWatch::Options options;
    options.polling_only = polling_only;
    options.poll_interval = 10ms;
    options.sweep_interval = sweep_interval;
    watch_.emplace(
        io_, state(), std::vector<std::string>{"lista", "wylacz"},
        [this](const std::vector<std::string>& names) {
          ++calls_;
          names_.insert(names_.end(), names.begin(), names.end());
        },
        options);
  }

  std::string state() const { return folder_ / "state"; }
  std::string file(std::string_view name) const { return state() + "/" + std::string{name}; }
  void make_folder() { CHECK(::mkdir(state().c_str(), 0700) == 0); }
  void append(std::string_view name, std::string_view text) {
    std::ofstream{file(name), std::ios::app} << text;
  }

  /// True if `name` is told within the time after which the test hangs.
  bool tells(std::string_view name) {
    return until([&] { return std::find(names_.begin(), names_.end(), name) != names_.end(); });
  }
  template <typename Holds>
  bool until(Holds holds) {
    const auto end = std::chrono::steady_clock::now() + tests::hang_limit;
    while (!holds() && std::chrono::steady_clock::now() < end)
      io_.run_for(5ms);
    return holds();
  }
  /// Runs until what was changed so far has been told, and forgets it.
  void settle() {
    io_.run_for(150ms);
    names_.clear();
    calls_ = 0;
  }
  void run_for(std::chrono::milliseconds time) { io_.run_for(time); }
  int calls() const { return calls_; }
  const std::vector<std::string>& names() const { return names_; }
  FileWatch& watch() { return *watch_; }
  void end() { watch_.reset(); }
  asio::io_context& io() { return io_; }

 private:
  TemporaryFolder folder_;
  asio::io_context io_{1};
  std::optional<FileWatch> watch_;
  std::vector<std::string> names_;
  int calls_ = 0;
};

void check_every_change(Watching& watching) {
  const std::string path = watching.file("wylacz");
  const auto told = [&] {
    CHECK(watching.tells("wylacz"));
    CHECK(std::count(watching.names().begin(), watching.names().end(), "lista") == 0);
    watching.settle();
  };
  put_bytes(path, "192.0.2.1\n");
  told();
  watching.append("wylacz", "192.0.2.2\n");
  told();
  put_bytes(path, "192.0.2.3\n");  // Truncates in place.
  told();
  put_bytes(watching.file("4913~"), "192.0.2.4\n");
  CHECK(::rename(watching.file("4913~").c_str(), path.c_str()) == 0);
  told();
  CHECK(::rename(path.c_str(), watching.file("backup~").c_str()) == 0);
  told();
  put_bytes(path, "192.0.2.5\n");
  told();
  CHECK(::unlink(path.c_str()) == 0);
  put_bytes(path, "192.0.2.5\n");
  told();
  CHECK(::truncate(path.c_str(), 0) == 0);
  told();
  CHECK(::unlink(path.c_str()) == 0);
  told();
}

}  // namespace

TEST_CASE("FileWatch: tells every way of changing a file") {
  SUBCASE("by inotify") {
    Watching watching{false};
    CHECK_FALSE(watching.watch().polling());
    CHECK(watching.watch().polling_reason().empty());
    check_every_change(watching);
    CHECK_FALSE(watching.watch().polling());
  }
  SUBCASE("by looking") {
    Watching watching{true};
    CHECK(watching.watch().polling());
    CHECK(watching.watch().polling_reason() == "it was told to");
    check_every_change(watching);
  }
}

TEST_CASE("FileWatch: says nothing of other names, nor before a change") {
  for (const bool polling : {false, true}) {
    Watching watching{polling};
    put_bytes(watching.file("wylacz.lock"), "x");
    put_bytes(watching.file("wylac"), "x");
    CHECK(::mkdir(watching.file("listas").c_str(), 0700) == 0);
    watching.run_for(300ms);
    CHECK(watching.calls() == 0);
  }
}

TEST_CASE("FileWatch: tells the first of many changes at once, and few times of the others") {
  Watching watching{false};
  const auto begin = std::chrono::steady_clock::now();
  for (int line = 0; line < 2000; ++line) {
    watching.append("lista", "192.0.2.1\n");
    watching.io().poll();
  }
  CHECK(watching.tells("lista"));
  watching.run_for(50ms);
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(watching.calls() >= 1);
  CHECK(watching.calls() <= took / 20ms + 1);
}

TEST_CASE("FileWatch: a queue that overflows tells everything") {
  Watching watching{false, true, 1h};
  const FileDescriptor left{
      ::open(watching.file("a").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  const FileDescriptor right{
      ::open(watching.file("b").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  // More than fs.inotify.max_queued_events; two files in turn, since equal events in a row are one.
  std::ifstream limit{"/proc/sys/fs/inotify/max_queued_events"};
  int events = 16384;
  limit >> events;
  for (int round = 0; round < events; ++round)
    CHECK((::pwrite(left.get(), "x", 1, 0) == 1 && ::pwrite(right.get(), "x", 1, 0) == 1));
  put_bytes(watching.file("lista"), "x");
  put_bytes(watching.file("wylacz"), "x");
  CHECK(watching.tells("lista"));
  CHECK(watching.tells("wylacz"));
}

TEST_CASE("FileWatch: survives its folder being deleted, made and replaced") {
  Watching watching{false};
  put_bytes(watching.file("lista"), "x");
  CHECK(watching.tells("lista"));
  watching.settle();
  ::unlink(watching.file("lista").c_str());
  CHECK(::rmdir(watching.state().c_str()) == 0);
  CHECK(watching.tells("lista"));
  CHECK(watching.until([&] { return watching.watch().polling(); }));
  CHECK_FALSE(watching.watch().polling_reason().empty());
  watching.make_folder();
  CHECK(watching.until([&] { return !watching.watch().polling(); }));
  watching.settle();
  put_bytes(watching.file("wylacz"), "x");
  CHECK(watching.tells("wylacz"));
  watching.settle();
  CHECK(::rename(watching.state().c_str(), (watching.state() + ".old").c_str()) == 0);
  watching.make_folder();
  put_bytes(watching.file("lista"), "y");
  CHECK(watching.tells("lista"));
  CHECK(watching.until([&] { return !watching.watch().polling(); }));
}

TEST_CASE("FileWatch: waits for a folder that is not there yet") {
  Watching watching{false, false};
  CHECK(watching.watch().polling());
  watching.make_folder();
  put_bytes(watching.file("lista"), "x");
  CHECK(watching.tells("lista"));
  CHECK(watching.until([&] { return !watching.watch().polling(); }));
}

TEST_CASE("FileWatch: sees changes behind a symbolic link") {
  Watching watching{false};
  const TemporaryFolder elsewhere;
  put_bytes(elsewhere / "real", "x");
  CHECK(::symlink((elsewhere / "real").c_str(), watching.file("wylacz").c_str()) == 0);
  CHECK(watching.tells("wylacz"));
  watching.settle();
  put_bytes(elsewhere / "real", "longer");
  CHECK(watching.tells("wylacz"));
}

TEST_CASE("FileWatch: may be destroyed by its own call, and says nothing afterwards") {
  for (const bool polling : {false, true}) {
    const TemporaryFolder folder;
    asio::io_context io{1};
    std::optional<FileWatch> watch;
    FileWatch::Options options;
    options.polling_only = polling;
    options.poll_interval = 10ms;
    int calls = 0;
    watch.emplace(
        io, folder.path(), std::vector<std::string>{"lista"},
        [&](const std::vector<std::string>&) {
          ++calls;
          watch.reset();
          put_bytes(folder / "lista", "again");
        },
        options);
    put_bytes(folder / "lista", "x");
    io.run_for(tests::hang_limit);  // Ends early: nothing is left to wait for.
    CHECK(calls == 1);
    CHECK(io.stopped());
  }
}
