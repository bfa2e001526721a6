// The harness of the decoder tests: a decoder that breaks its contract does not pass. Shows that
// the other tests of this folder can fail.
#include "tests/support/feed.hpp"

#include <doctest/doctest.h>

#include "base/result.hpp"
#include "wire/decoded.hpp"

using namespace netkit;
using wire::Decoded;

namespace {

using Answer = Result<Decoded<std::string_view>>;

std::string show(std::string_view message) {
  return std::string{message};
}

/// Takes whatever is there as one message, so that cuts change what it says.
struct Greedy {
  Answer next(std::span<char> unread) const {
    if (unread.empty()) return Decoded<std::string_view>{};
    return Decoded<std::string_view>{unread.size(), std::string_view{unread.data(), unread.size()}};
  }
};

struct Overreaching {
  Answer next(std::span<char> unread) const {
    return Decoded<std::string_view>{unread.size() + 1, std::nullopt};
  }
};

struct Idle {
  Answer next(std::span<char>) const { return Decoded<std::string_view>{0, "for nothing"}; }
};

}  // namespace

TEST_CASE("feed: a decoder whose messages depend on the cuts does not pass") {
  CHECK(tests::feed(Greedy{}, "abcd", 2, show).messages == std::vector<std::string>{"ab", "cd"});
  CHECK_THROWS(tests::feed_every_way(Greedy{}, "abcd", 1, show));
}

TEST_CASE("feed: a decoder that uses more than it was shown does not pass") {
  CHECK_THROWS(tests::feed(Overreaching{}, "abcd", 4, show));
}

TEST_CASE("feed: a decoder that makes messages of nothing does not pass") {
  CHECK_THROWS(tests::feed(Idle{}, "abcd", 4, show));
}
