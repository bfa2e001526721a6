// Tests of the store's URL: what it may be, and what it must not be taken for.
#include "store/redis_address.hpp"

#include <array>
#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::store;

TEST_CASE("RedisAddress: reads host, port, database and socket") {
  const Result<RedisAddress> plain = parse_redis_url("redis://localhost");
  REQUIRE(plain);
  CHECK(plain->host == "localhost");
  CHECK(plain->port == 6379);
  CHECK(plain->database == 0);
  CHECK(plain->to_text() == "redis://localhost:6379");

  const Result<RedisAddress> whole = parse_redis_url("redis://127.0.0.1:7001/15");
  REQUIRE(whole);
  CHECK(whole->host == "127.0.0.1");
  CHECK(whole->port == 7001);
  CHECK(whole->database == 15);
  CHECK(whole->to_text() == "redis://127.0.0.1:7001/15");

  const Result<RedisAddress> v6 = parse_redis_url("redis://[::1]:6380/");
  REQUIRE(v6);
  CHECK(v6->host == "::1");
  CHECK(v6->to_text() == "redis://[::1]:6380");

  const Result<RedisAddress> socket = parse_redis_url("redis+unix:/run/redis/redis.sock");
  REQUIRE(socket);
  CHECK(socket->unix_path == "/run/redis/redis.sock");
  CHECK(socket->to_text() == "redis+unix:/run/redis/redis.sock");
}

TEST_CASE("RedisAddress: refuses what is none, as a usage error") {
  constexpr std::array<std::string_view, 24> wrong{"",
                                                   "redis",
                                                   "redis:",
                                                   "redis://",
                                                   "redis:///0",
                                                   "redis://:6379",
                                                   "redis://localhost:",
                                                   "redis://localhost:0",
                                                   "redis://localhost:65536",
                                                   "redis://localhost:+1",
                                                   "redis://localhost:6379x",
                                                   "redis://localhost/x",
                                                   "redis://localhost/-1",
                                                   "redis://localhost/0/1",
                                                   "redis://localhost/99999999999",
                                                   "redis://localhost?db=1",
                                                   "redis://local host",
                                                   "redis://[::1",
                                                   "redis://[localhost]",
                                                   "redis://[::1]6379",
                                                   "redis://-x",
                                                   "rediss://localhost",
                                                   "redis+unix:",
                                                   "redis+unix:redis.sock"};
  for (const std::string_view text : wrong) {
    CAPTURE(text);
    const Result<RedisAddress> address = parse_redis_url(text);
    REQUIRE_FALSE(address);
    CHECK(address.error().code == Errc::usage);
    CHECK_FALSE(address.error().hint.empty());
  }
  CHECK_FALSE(parse_redis_url("redis+unix:/" + std::string(107, 'x')));
}

TEST_CASE("RedisAddress: takes no password from an argument and does not repeat it") {
  for (const std::string_view text :
       {"redis://:hunter2@localhost", "redis://me:hunter2@localhost:6379/0"}) {
    const Result<RedisAddress> address = parse_redis_url(text);
    REQUIRE_FALSE(address);
    CHECK(address.error().message().find("hunter2") == std::string::npos);
    CHECK(address.error().message().find("--store-password-file") != std::string::npos);
  }
}

TEST_CASE("RedisAddress: leaves loopback only when told that it may") {
  for (const std::string_view text :
       {"redis://192.0.2.1", "redis://store.example:6379/1", "redis://[2001:db8::1]",
        "redis://127.example", "redis://[::ffff:192.0.2.1]", "redis://0.0.0.0"}) {
    CAPTURE(text);
    const Result<RedisAddress> refused = parse_redis_url(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("in clear") != std::string::npos);
    CHECK(parse_redis_url(std::string{text} + "?insecure"));
  }
  CHECK(parse_redis_url("redis://127.1.2.3"));
  CHECK(parse_redis_url("redis://[::ffff:127.0.0.1]"));
  CHECK(parse_redis_url("redis://LOCALHOST?insecure"));
}
