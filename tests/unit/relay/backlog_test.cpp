// Tests of what a relay keeps for its links, and of what it lets go first.
#include "commands/relay/backlog.hpp"

#include <doctest/doctest.h>
#include <memory>
#include <vector>

using namespace netkit;
using namespace netkit::relay;

namespace {

Bundle a_bundle(LogId log, std::uint64_t first, std::uint64_t count, std::size_t size = 10) {
  Bundle bundle;
  bundle.log = log;
  bundle.first = first;
  bundle.last = first + count - 1;
  bundle.bytes = std::make_shared<const std::string>(size, 'x');
  return bundle;
}

std::vector<std::pair<LogId, std::uint64_t>> all(const Backlog& backlog) {
  std::vector<std::pair<LogId, std::uint64_t>> found;
  std::uint64_t at = 0;
  for (; const Bundle* const bundle = backlog.next(at); ++at)
    found.emplace_back(bundle->log, bundle->first);
  return found;
}

}  // namespace

TEST_CASE("Backlog: bundles come in the order they came, and a place behind the end waits there") {
  Backlog backlog{100, 10'000};
  std::uint64_t at = 0;
  CHECK(backlog.next(at) == nullptr);
  backlog.push(a_bundle(1, 1, 3));
  backlog.push(a_bundle(2, 1, 1));
  REQUIRE(backlog.next(at) != nullptr);
  CHECK(backlog.next(at)->log == 1);
  ++at;
  CHECK(backlog.next(at)->log == 2);
  ++at;
  CHECK(backlog.next(at) == nullptr);
  backlog.push(a_bundle(3, 1, 1));
  CHECK(backlog.next(at)->log == 3);
  CHECK(backlog.records() == 5);
}

TEST_CASE("Backlog: who floods loses his own, the others' words stay") {
  Backlog backlog{10, 10'000};
  backlog.push(a_bundle(1, 1, 1));
  backlog.push(a_bundle(2, 1, 1));
  for (std::uint64_t first = 1; first < 10'000; first += 2) {
    backlog.push(a_bundle(66, first, 2));
    while (backlog.is_over())
      CHECK(backlog.pop().log == 66);
  }
  backlog.push(a_bundle(1, 2, 1));
  while (backlog.is_over())
    CHECK(backlog.pop().log == 66);
  const auto left = all(backlog);
  REQUIRE(left.size() == 6);
  CHECK(left[0] == std::pair<LogId, std::uint64_t>{1, 1});
  CHECK(left[1] == std::pair<LogId, std::uint64_t>{2, 1});
  CHECK(left[2].second < left[3].second);
  CHECK(left[5] == std::pair<LogId, std::uint64_t>{1, 2});
}

TEST_CASE("Backlog: bytes count as records do, and the newest stays whatever its size") {
  Backlog backlog{100, 1'000};
  backlog.push(a_bundle(1, 1, 1, 600));
  backlog.push(a_bundle(2, 1, 20, 300));
  backlog.push(a_bundle(3, 1, 1, 300));
  REQUIRE(backlog.is_over());
  CHECK(backlog.pop().log == 1);
  CHECK(!backlog.is_over());
  backlog.push(a_bundle(4, 1, 1, 5'000));
  while (backlog.is_over())
    CHECK(backlog.pop().log != 4);
  REQUIRE(all(backlog).size() == 1);
  CHECK(all(backlog)[0].first == 4);
  CHECK(backlog.records() == 1);
}
