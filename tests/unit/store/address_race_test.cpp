// Tests of a list that shells append to while lines are taken away: each is seen exactly once.
#include <doctest/doctest.h>
#include <map>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "store/address_list.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::store;
using namespace std::chrono_literals;
using support::TemporaryFolder;

namespace {

constexpr int writers = 4;

/// Shells that append the addresses 10.0.WRITER.1 and up by `command`, with $1 the file and $2 an
/// address.
class Shells {
 public:
  Shells(const std::string& file, int lines_each, const std::string& command) {
    for (int writer = 0; writer < writers; ++writer) {
      const std::string script = "i=0; while [ $i -lt " + std::to_string(lines_each) +
                                 " ]; do i=$((i+1)); set -- \"$1\" 10.0." + std::to_string(writer) +
                                 ".$i; " + command + "; done";
      const pid_t child = ::fork();
      if (child == 0) {
        ::execl("/bin/sh", "sh", "-c", script.c_str(), "sh", file.c_str(), nullptr);
        ::_exit(127);
      }
      running_.push_back(child);
    }
  }
  ~Shells() {
    for (const pid_t child : running_)
      ::waitpid(child, nullptr, 0);
  }

  bool all_ended() {
    std::erase_if(running_,
                  [](pid_t child) { return ::waitpid(child, nullptr, WNOHANG) == child; });
    return running_.empty();
  }

 private:
  std::vector<pid_t> running_;
};

/// Takes all lines away again and again until the shells have ended; how often each was seen.
std::map<std::string, int> take_all(const std::string& path, Shells& shells) {
  AddressList list{path, 30s};
  std::map<std::string, int> seen;
  const auto take = [&] {
    const auto updated = list.update([](std::string_view) { return std::string{}; });
    REQUIRE(updated);
    const auto parsed = parse_addresses(updated->before);
    REQUIRE(parsed);
    CHECK(parsed->garbage.empty());
    for (const AddressLine& entry : parsed->entries)
      ++seen[entry.address];
    for (const AddressLine& entry : parsed->duplicates)
      ++seen[entry.address];
  };
  while (!shells.all_ended())
    take();
  for (int tries = 0; list.rescue_pending() && tries < 1000; ++tries) {
    CHECK(list.rescue());
    ::poll(nullptr, 0, 20);
  }
  CHECK_FALSE(list.rescue_pending());
  take();
  return seen;
}

void check_each_once(const std::map<std::string, int>& seen, std::size_t lines) {
  CHECK(seen.size() == lines);
  for (const auto& [address, count] : seen)
    CHECK_MESSAGE(count == 1, address << " was seen " << count << " times");
}

}  // namespace

TEST_CASE("AddressList: lines appended without a lock are seen exactly once by who takes them") {
  const TemporaryFolder folder;
  Shells shells{folder / "wylacz", 250, "echo $2 >> \"$1\""};
  check_each_once(take_all(folder / "wylacz", shells), writers * 250);
}

TEST_CASE("AddressList: lines appended under flock(1) are seen exactly once by who takes them") {
  const TemporaryFolder folder;
  const std::string path = folder / "wylacz";
  std::string command;
  SUBCASE("on the file") {
    command = "flock \"$1\" sh -c 'echo $2 >> \"$1\"' sh \"$1\" $2";
  }
  SUBCASE("beside the file") {
    command = "flock \"$1.lock\" sh -c 'echo $2 >> \"$1\"' sh \"$1\" $2";
  }
  SUBCASE("into the descriptor that is locked") {
    command = "(flock 9; echo $2 >&9) 9>>\"$1\"";
  }
  Shells shells{path, 60, command};
  check_each_once(take_all(path, shells), writers * 60);
}

TEST_CASE("AddressList: scripts that rewrite it under PATH.lock lose nothing either") {
  const TemporaryFolder folder;
  const std::string path = folder / "wylacz";
  // What a careful script does: read, change, rename, all under PATH.lock.
  Shells shells{
      path, 60,
      "flock \"$1.lock\" sh -c 'cat \"$1\" > \"$1.mine\" 2>/dev/null; echo $2 >> \"$1.mine\"; "
      "mv \"$1.mine\" \"$1\"' sh \"$1\" $2"};
  check_each_once(take_all(path, shells), writers * 60);
}
