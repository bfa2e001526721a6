// Tests of what a client is shown of a relay's log: order, bounds, what is not for it.
#include "commands/relay/excerpt.hpp"

#include <doctest/doctest.h>

#include "tests/unit/relay/made_log.hpp"

using namespace netkit;
using namespace netkit::relay;
using namespace netkit::relay::test;

namespace {

constexpr std::size_t size_max = 1'000;

std::string show_all(const Record&, RecordId id) {
  return std::to_string(id.seq);
}

}  // namespace

TEST_CASE("Stretch: is cut from its beginning on, and never wraps") {
  CHECK(to_text(Stretch{812, 848}) == "812..848");
  CHECK(to_text(Stretch{812, 848}.cut(10)) == "812..821");
  CHECK(to_text(Stretch{812, 848}.cut(1'000)) == "812..848");
  CHECK(Stretch{UINT64_MAX - 1, UINT64_MAX}.cut(1'000).to == UINT64_MAX);
  CHECK(Stretch{1, UINT64_MAX}.cut(1'000).count() == 1'000);
}

TEST_CASE("excerpt_of: each once, whatever comes twice") {
  MadeLog log{"west"};
  const Bundle first = log.next(3);
  const Bundle second = log.next(3);
  const Stretch stretch{2, 5};
  CHECK(count_held({first, second, second}, stretch) == 4);
  CHECK(count_held({second}, stretch) == 2);
  CHECK(count_held({}, stretch) == 0);
  const Excerpt all = excerpt_of({first, first, second}, stretch, size_max, show_all);
  CHECK(all.messages == "2,3,4,5");
  CHECK(all.shown == 4);
  CHECK(all.held == 4);
  CHECK(all.end == 6);
  const Excerpt half = excerpt_of({second}, stretch, size_max, show_all);
  CHECK(half.messages == "4,5");
  CHECK(half.held == 2);
  CHECK(half.end == 6);
  CHECK(excerpt_of({}, stretch, size_max, show_all).held == 0);
}

TEST_CASE("excerpt_of: what is not to be seen is held all the same") {
  MadeLog log{"west"};
  const Excerpt excerpt =
      excerpt_of({log.next(10)}, {1, 10}, size_max, [](const Record& record, RecordId id) {
        return record.number % 2 == 0 ? std::to_string(id.seq) : std::string{};
      });
  CHECK(excerpt.messages == "2,4,6,8,10");
  CHECK(excerpt.shown == 5);
  CHECK(excerpt.held == 10);
}

TEST_CASE("excerpt_of: ends before what does not fit, and passes over what never would") {
  MadeLog log{"west"};
  const Bundle bundle = log.next(10);
  const auto show = [](const Record&, RecordId id) {
    return std::string(id.seq == 3 ? 100 : 10, 'x');
  };
  const Excerpt excerpt = excerpt_of({bundle}, {1, 10}, 45, show);
  CHECK(excerpt.shown == 4);
  CHECK(excerpt.held == 4);
  CHECK(excerpt.end == 6);
  const Excerpt next = excerpt_of({bundle}, {excerpt.end, 10}, 45, show);
  CHECK(next.shown == 4);
  CHECK(next.end == 10);
}

TEST_CASE("excerpt_of: a record that nobody can read ends its bundle, not the rest") {
  const LogKey key = LogKey::make();
  std::string records;
  append_record(records, {.sender = 1, .number = 1, .room = "lobby", .nick = "n", .text = "x"});
  const std::string good = records;
  records += std::string_view{"\0\0\0\1\xff", 5};
  const Bundle bad = key.seal(1, 2, records);
  const Excerpt excerpt = excerpt_of({bad, key.seal(3, 1, good)}, {1, 3}, size_max, show_all);
  CHECK(excerpt.messages == "1,3");
  CHECK(excerpt.held == 2);
  CHECK(excerpt.end == 4);
}
