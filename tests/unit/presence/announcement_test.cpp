// Tests of what peers say of themselves: round trips, limits, forgeries and random bytes.
#include "commands/presence/announcement.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace netkit;
using namespace netkit::presence;

namespace {

Announcement full() {
  Announcement said;
  said.kind = Kind::answer;
  said.away = true;
  said.instance = 0x1122334455667788;
  said.sequence = 7;
  said.nonce = 99;
  said.about = std::string(32, 'a');
  said.tcp_port = 40'001;
  said.udp_port = 2004;
  said.period_ms = 1000;
  said.certificate = std::string(32, 'c');
  said.name = "ana@büro";
  said.tags = {"office", "floor-2"};
  return said;
}

}  // namespace

TEST_CASE("Announcement: what is encoded is decoded, and its signature holds") {
  const auto pair = identity::KeyPair::make();
  Announcement said = full();
  const std::string bytes = encode(said, pair);
  CHECK(bytes.size() < 320);
  const auto read = decode(bytes);
  REQUIRE(read);
  said.key = pair.public_key();
  CHECK(*read == said);
  CHECK(is_authentic(bytes));
}

TEST_CASE("Announcement: an ask is as long as what it asks for") {
  const auto pair = identity::KeyPair::make();
  Announcement ask = full();
  ask.kind = Kind::ask;
  ask.tags.clear();
  const std::string bytes = encode(ask, pair);
  CHECK(bytes.size() == ask_size_min);
  REQUIRE(decode(bytes));
  CHECK(is_authentic(bytes));
  Announcement answer = full();
  answer.tags.clear();
  answer.name = std::string(name_size_max, 'n');
  CHECK(encode(answer, pair).size() <= ask_size_min);
}

TEST_CASE("Announcement: each changed byte is malformed or not authentic") {
  const auto pair = identity::KeyPair::make();
  const std::string bytes = encode(full(), pair);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string forged = bytes;
    forged[i] = static_cast<char>(forged[i] ^ 0x10);
    CAPTURE(i);
    CHECK(!(decode(forged) && is_authentic(forged)));
  }
}

TEST_CASE("Announcement: each shorter or longer one is refused") {
  const auto pair = identity::KeyPair::make();
  const std::string bytes = encode(full(), pair);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(!(decode(bytes.substr(0, size)) && is_authentic(bytes.substr(0, size))));
  CHECK(!decode(bytes + std::string(1, '\0')));
  CHECK(decode(std::string(announcement_size_max + 1, '\0')).error().code == Errc::too_large);
}

TEST_CASE("Announcement: names and tags are bounded and safe to show") {
  const auto pair = identity::KeyPair::make();
  Announcement said = full();
  said.name = std::string(300, 'x');
  said.tags.assign(20, std::string(100, 't'));
  auto read = decode(encode(said, pair));
  REQUIRE(read);
  CHECK(read->name.size() == name_size_max);
  CHECK(read->tags.size() == tags_max);
  CHECK(read->tags[0].size() == tag_size_max);
  for (const char* name : {"", "a\nb", "a\x1b[31m", "\xff",
                           "a\xE2\x80\xAE"
                           "b"}) {
    CAPTURE(name);
    said.name = name;
    CHECK(!decode(encode(said, pair)));
  }
}

TEST_CASE("Announcement: another version is told from garbage") {
  std::string bytes = encode(full(), identity::KeyPair::make());
  bytes[4] = 2;
  CHECK(decode(bytes).error().code == Errc::wrong_version);
  bytes[0] = 'x';
  CHECK(decode(bytes).error().code == Errc::malformed);
}

TEST_CASE("Announcement: random bytes are never authentic") {
  std::mt19937 random{1};
  const std::string bytes = encode(full(), identity::KeyPair::make());
  for (int i = 0; i < 5'000; ++i) {
    std::string noise = bytes;
    for (int change = 0; change < 4; ++change)
      noise[5 + random() % (noise.size() - 5)] = static_cast<char>(random());
    if (noise != bytes && decode(noise)) CHECK(!is_authentic(noise));
  }
}
