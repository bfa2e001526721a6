// Tests of the receive buffer: when bytes lie in shared memory, when they are kept, and how many.
#include "net/receive_buffer.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

using namespace netkit::net;

namespace {

struct Bench {
  std::vector<char> shared = std::vector<char>(8192);
  ReceiveBuffer buffer;

  explicit Bench(std::size_t kept_size_max = 100'000) : buffer{shared, kept_size_max} {}

  void put(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> room = buffer.room();
      REQUIRE(!room.empty());
      const std::size_t count = std::min(room.size(), bytes.size());
      std::copy_n(bytes.begin(), count, room.begin());
      buffer.add(count);
      bytes.remove_prefix(count);
    }
  }
  std::string_view unread() {
    const std::span<char> bytes = buffer.unread();
    return {bytes.data(), bytes.size()};
  }
  bool is_shared() {
    const char* const at = buffer.unread().data();
    return at >= shared.data() && at <= shared.data() + shared.size();
  }
  /// What another connection of the thread does meanwhile.
  void overwrite_shared() { std::fill(shared.begin(), shared.end(), '#'); }
};

}  // namespace

TEST_CASE("ReceiveBuffer: reads go to the shared memory while nothing is kept") {
  Bench bench;
  CHECK(bench.buffer.empty());
  CHECK(bench.buffer.room().data() == bench.shared.data());
  CHECK(bench.buffer.room().size() == 8192);
  bench.put("hello");
  CHECK(bench.is_shared());
  CHECK(bench.unread() == "hello");
  CHECK(bench.buffer.room().size() == 8187);
  bench.buffer.consume(2);
  CHECK(bench.unread() == "llo");
  bench.put(" you");
  CHECK(bench.unread() == "llo you");
  bench.buffer.consume(7);
  CHECK(bench.buffer.empty());
  bench.buffer.keep();
  CHECK(bench.buffer.room().size() == 8192);
}

TEST_CASE("ReceiveBuffer: what is kept does not change when others use the shared memory") {
  Bench bench;
  bench.put("done;half a mess");
  bench.buffer.consume(5);
  bench.buffer.keep();
  CHECK_FALSE(bench.is_shared());
  bench.overwrite_shared();
  CHECK(bench.unread() == "half a mess");
  bench.put("age;next");
  CHECK(bench.unread() == "half a message;next");
  bench.buffer.consume(15);
  bench.buffer.keep();
  bench.overwrite_shared();
  CHECK(bench.unread() == "next");
  bench.buffer.consume(4);
  bench.buffer.keep();
  CHECK(bench.buffer.empty());
  CHECK(bench.buffer.room().data() == bench.shared.data());
}

TEST_CASE("ReceiveBuffer: never keeps more than its limit, however small the pieces") {
  for (const std::size_t limit : {std::size_t{600}, std::size_t{5000}, std::size_t{70'000}}) {
    CAPTURE(limit);
    Bench bench{limit};
    std::string sent;
    bench.put("a");
    sent += "a";
    bench.buffer.keep();
    while (!bench.buffer.room().empty()) {
      REQUIRE(sent.size() < limit);
      const auto letter = static_cast<char>('a' + sent.size() % 26);
      const std::string piece(std::min<std::size_t>(bench.buffer.room().size(), 97), letter);
      bench.put(piece);
      sent += piece;
      bench.buffer.keep();
    }
    CHECK(sent.size() == limit);
    CHECK(bench.unread() == sent);
    bench.buffer.consume(100);
    CHECK(bench.buffer.room().size() == 100);
    CHECK(bench.unread() == std::string_view{sent}.substr(100));
  }
}

TEST_CASE("ReceiveBuffer: memory grows with what has come, not with the limit") {
  Bench bench{std::size_t{1} << 40};
  bench.put("x");
  bench.buffer.keep();
  CHECK(bench.buffer.room().size() <= 16'384);
  bench.put(std::string(100'000, 'y'));
  CHECK(bench.buffer.room().size() <= 200'000);
}

TEST_CASE("ReceiveBuffer: a batch longer than the limit is kept whole, and no more is taken") {
  Bench bench{1000};
  const std::string bytes(3000, 'z');
  bench.put(bytes);
  bench.buffer.keep();
  bench.overwrite_shared();
  CHECK(bench.unread() == bytes);
  CHECK(bench.buffer.room().empty());
}

TEST_CASE("ReceiveBuffer: bytes are the same whatever is read, used and kept when") {
  std::string sent;
  for (std::size_t i = 0; i < 60'000; ++i)
    sent.push_back(static_cast<char>('a' + i * i % 23));
  for (const std::size_t piece : {1u, 7u, 100u, 3000u, 4095u, 4096u, 4097u, 8192u}) {
    for (const std::size_t used : {1u, 50u, 2999u, 5000u, 12'000u}) {
      for (const std::size_t kept_every : {1u, 2u, 5u}) {
        Bench bench;
        std::size_t consumed = 0;
        std::size_t put = 0;
        bool same = true;
        for (std::size_t turn = 1; put < sent.size(); ++turn) {
          const std::size_t size = std::min({piece, sent.size() - put, bench.buffer.room().size()});
          bench.put(std::string_view{sent}.substr(put, size));
          put += size;
          while (bench.unread().size() >= used) {
            same =
                same && bench.unread() == std::string_view{sent}.substr(consumed, put - consumed);
            bench.buffer.consume(used);
            consumed += used;
          }
          if (turn % kept_every != 0) continue;
          bench.buffer.keep();
          bench.overwrite_shared();
          same = same && bench.unread() == std::string_view{sent}.substr(consumed, put - consumed);
        }
        CAPTURE(piece);
        CAPTURE(used);
        CHECK(same);
      }
    }
  }
}

TEST_CASE("ReceiveBuffer: a piece at least as long as what is kept joins it in the shared memory") {
  Bench bench;
  bench.put("half");
  bench.buffer.keep();
  bench.put("abc");
  CHECK_FALSE(bench.is_shared());
  bench.put("a message");
  CHECK(bench.is_shared());
  CHECK(bench.unread() == "halfabca message");
}

TEST_CASE("ReceiveBuffer: what outgrows the shared memory is kept without being told to") {
  Bench bench;
  const std::string bytes(5000, 'z');
  bench.put(bytes);
  CHECK(bench.is_shared());
  CHECK(bench.buffer.room().size() == 8192);
  CHECK_FALSE(bench.is_shared());
  bench.put(bytes);
  CHECK(bench.unread() == bytes + bytes);
}
