// Which way an association takes, and when it takes another.
#include "net/sctp_paths.hpp"

#include <doctest/doctest.h>

namespace netkit::net {
namespace {

using std::chrono::milliseconds;
using Ways = std::vector<std::size_t>;

/// Two hosts; the handshake came by the first.
struct TwoWays {
  TwoWays() {
    paths.add(0);
    paths.add(1);
    paths.use(0);
    paths.heard(0, start);
  }
  SctpPaths::Clock::time_point at(int ms) const { return start + milliseconds{ms}; }

  SctpPaths paths{PathSettings{}};
  SctpPaths::Clock::time_point start = SctpPaths::Clock::time_point{} + std::chrono::hours{1};
};

TEST_CASE("SctpPaths: one way is never probed, nor any before the handshake") {
  SctpPaths paths{PathSettings{}};
  paths.add(0);
  paths.add(1);
  CHECK_FALSE(paths.chosen());
  CHECK(paths.tick(SctpPaths::Clock::now()).empty());
  SctpPaths alone{PathSettings{}};
  alone.add(0);
  alone.use(0);
  CHECK(alone.tick(SctpPaths::Clock::now()).empty());
}

TEST_CASE("SctpPaths: all ways are probed once an interval") {
  TwoWays two;
  CHECK(two.paths.tick(two.at(0)) == Ways{0, 1});
  CHECK(two.paths.tick(two.at(299)).empty());
  CHECK(two.paths.tick(two.at(300)) == Ways{0, 1});
}

TEST_CASE("SctpPaths: the other way is taken once ours is silent and it is heard") {
  TwoWays two;
  two.paths.heard(1, two.at(900));
  two.paths.tick(two.at(1000));
  CHECK(two.paths.in_use() == 0);
  two.paths.tick(two.at(1301));
  CHECK(two.paths.in_use() == 1);
  // Back again only if this one goes silent, too.
  two.paths.heard(0, two.at(1500));
  two.paths.heard(1, two.at(1500));
  two.paths.tick(two.at(1700));
  CHECK(two.paths.in_use() == 1);
}

TEST_CASE("SctpPaths: while all are silent it stays where it is") {
  TwoWays two;
  two.paths.heard(1, two.at(100));
  two.paths.tick(two.at(5000));
  CHECK(two.paths.in_use() == 0);
}

TEST_CASE("SctpPaths: an answer counts only with the nonce of the last probe") {
  TwoWays two;
  two.paths.probed(1, 77);
  CHECK_FALSE(two.paths.answered(1, 76, two.at(10)));
  CHECK_FALSE(two.paths.answered(0, 77, two.at(10)));
  CHECK_FALSE(two.paths.answered(0, 0, two.at(10)));
  CHECK(two.paths.answered(1, 77, two.at(10)));
}

TEST_CASE("SctpPaths: of a host's addresses the one that is heard first stays") {
  SctpPaths paths{PathSettings{}};
  const auto start = SctpPaths::Clock::time_point{} + std::chrono::hours{1};
  for (const unsigned host : {0u, 0u, 1u, 1u})
    paths.add(host);
  paths.use(1);
  paths.heard(1, start);
  CHECK(paths.tick(start) == Ways{1, 2, 3});
  paths.heard(2, start);
  CHECK(paths.tick(start + milliseconds{300}) == Ways{1, 2});
}

TEST_CASE("SctpPaths: who does not probe follows the peer from a silent way") {
  TwoWays two;
  two.paths.follow(1, two.at(900));
  CHECK(two.paths.in_use() == 0);
  two.paths.follow(1, two.at(1100));
  CHECK(two.paths.in_use() == 1);
}

}  // namespace
}  // namespace netkit::net
