// Tests of what relays write into Redis: hostile entries, and one row of what is heard and read.
#include "commands/relay/redis_stream.hpp"

#include <doctest/doctest.h>

#include "unit/relay/made_log.hpp"

using namespace netkit;
using namespace netkit::relay;
using relay::test::MadeLog;

TEST_CASE("StreamId: reads and writes Redis's ids, and refuses others") {
  CHECK(StreamId::parse("1700000000000-7")->text() == "1700000000000-7");
  CHECK(*StreamId::parse("9-1") < *StreamId::parse("10-0"));
  CHECK(*StreamId::parse("9-2") < *StreamId::parse("9-10"));
  for (const char* const none :
       {"", "-", "1", "1-", "-1", "1-2-3", "x-1", "1-x", " 1-1", "18446744073709551616-0"})
    CHECK_FALSE(StreamId::parse(none).has_value());
}

TEST_CASE("Entries of the stream: come back, and nothing else is taken") {
  MadeLog one{"one"};
  MadeLog two{"two"};
  std::string facts;
  append_facts(facts, one.facts());
  const Bundle bundle = one.next(3);
  const std::string entry = stream_entry(facts, bundle);
  const auto both = read_stream_entries(entry + entry);
  REQUIRE(both);
  REQUIRE(both->size() == 2);
  CHECK((*both)[1].facts.name == "one");
  CHECK((*both)[1].facts.public_key == one.facts().public_key);
  CHECK(*(*both)[1].bundle.bytes == *bundle.bytes);
  CHECK(read_stream_entries("")->empty());
  for (std::size_t size = 1; size < entry.size(); ++size)
    CHECK_FALSE(read_stream_entries(std::string_view{entry}.substr(0, size)));
  // A bundle under the facts of another relay.
  CHECK_FALSE(read_stream_entries(stream_entry(facts, two.next())));
  std::string large = entry;
  large[0] = '\x7f';
  CHECK_FALSE(read_stream_entries(large));
}

TEST_CASE("StreamReader: what is heard in a row needs no reading") {
  StreamReader reader;
  CHECK(reader.is_behind());
  reader.caught_up();
  reader.hear("0-0 5-0\na");
  reader.hear("5-0 6-0\nb");
  CHECK(reader.next() == "a");
  CHECK(reader.next() == "b");
  CHECK_FALSE(reader.next().has_value());
  CHECK_FALSE(reader.is_behind());
  CHECK(reader.last().text() == "6-0");
}

TEST_CASE("StreamReader: a message that was missed is read, and what waited goes on behind it") {
  StreamReader reader;
  reader.caught_up();
  reader.hear("5-0 6-0\nb");
  CHECK_FALSE(reader.next().has_value());
  CHECK(reader.is_behind());
  reader.read({5, 0});
  reader.caught_up();
  CHECK(reader.next() == "b");
  // One that reading had found already is not given twice.
  reader.read({7, 0});
  reader.hear("6-0 7-0\nc");
  reader.hear("7-0 8-0\nd");
  CHECK(reader.next() == "d");
  CHECK_FALSE(reader.is_behind());
}

TEST_CASE("StreamReader: what the stream has no more does not hold up the rest") {
  StreamReader reader;
  reader.caught_up();
  reader.hear("8-0 9-0\na");
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(reader.next().has_value());
    reader.caught_up();
  }
  CHECK(reader.next() == "a");
}

TEST_CASE("StreamReader: another stream than before is read from its beginning") {
  StreamReader reader;
  reader.read({9, 0});
  reader.caught_up();
  reader.check_tail({9, 0});
  CHECK(reader.last().text() == "9-0");
  CHECK(reader.is_behind());
  reader.check_tail({3, 0});
  CHECK(reader.last().text() == "0-0");
}

TEST_CASE("StreamReader: nonsense is passed over, and what waits is bounded") {
  StreamReader reader;
  reader.caught_up();
  for (const char* const none : {"", " ", "\n", "1-1\n2-2 ", "x y\nz", "1-1 \nz"})
    reader.hear(none);
  CHECK_FALSE(reader.next().has_value());
  CHECK_FALSE(reader.is_behind());
  const std::string large(1024 * 1024, 'x');
  for (int i = 2; i < 20; ++i)
    reader.hear(std::to_string(i - 1) + "-0 " + std::to_string(i) + "-0\n" + large);
  CHECK(reader.is_behind());
  int left = 0;
  reader.read({18, 0});
  while (reader.next())
    ++left;
  CHECK(left <= 8);
}
