// Tests of bundles: their bytes and signature, every truncation and change, ids of logs and senders
// as SHA-256 and Ed25519 elsewhere give them.
#include "commands/relay/bundle.hpp"

#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "base/hex.hpp"

using namespace netkit;
using namespace netkit::relay;

namespace {

// RFC 8032, 7.1, test 1.
constexpr std::string_view seed =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr std::string_view public_key =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

LogKey key() {
  return *LogKey::from_seed(*from_hex(seed));
}

std::string leaves(std::uint16_t count) {
  std::string records;
  for (std::uint16_t i = 0; i < count; ++i)
    append_record(records, {.kind = RecordKind::leave, .sender = i});
  return records;
}

std::string hex_id(std::uint64_t id) {
  std::string bytes;
  append_be(bytes, id);
  return to_hex(bytes);
}

}  // namespace

TEST_CASE("LogKey: its log is a digest of its public key") {
  CHECK(to_hex(key().public_key()) == public_key);
  CHECK(hex_id(key().log()) == "bd5c78a45ef85240");
  CHECK(hex_id(sender_of(std::string(32, 'x'))) == "e376a4cf92fb9372");
}

TEST_CASE("LogKey: seals the head, the records and a signature, byte by byte") {
  const Bundle bundle = key().seal(5, 2, leaves(2));
  CHECK(bundle.first == 5);
  CHECK(bundle.last == 6);
  CHECK(to_hex(*bundle.bytes) ==
        "bd5c78a45ef85240"
        "0000000000000005"
        "0002"
        "0000001a0400000000000000000000000000000000000000000000000000"
        "0000001a0400000000000000000000000000000001000000000000000000"
        "6abcd51ddec8654a31ea099d8b2a549c450f99fcfb9b431947f34da295308699"
        "3502837f9ef8a62017bf3f6b4045deb2165ff180c374c9ea2daec97de3b4ac0e");
  CHECK(bundle.records() == leaves(2));
}

TEST_CASE("parse_bundle: reads what was sealed, and is_signed knows who sealed it") {
  const Bundle sealed = key().seal(1, 256, leaves(256));
  const auto bundle = parse_bundle(*sealed.bytes);
  REQUIRE(bundle);
  CHECK(bundle->log == key().log());
  CHECK(bundle->first == 1);
  CHECK(bundle->last == 256);
  CHECK(is_signed(*bundle, key().public_key()));
  CHECK_FALSE(is_signed(*bundle, LogKey::make().public_key()));
}

TEST_CASE("parse_bundle: every truncation is refused, and every changed byte is noticed") {
  const std::string bytes = *key().seal(1, 2, leaves(2)).bytes;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(parse_bundle(bytes.substr(0, size)));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto bundle = parse_bundle(changed);
    CHECK_FALSE((bundle && is_signed(*bundle, key().public_key())));
  }
}

TEST_CASE("parse_bundle: refuses numbers that wrap, none and too many records") {
  const auto refused = [](std::uint64_t first, std::uint16_t count, std::string_view records) {
    return !parse_bundle(*key().seal(first, count, records).bytes);
  };
  CHECK(refused(0, 1, leaves(1)));
  CHECK(refused(1, 0, ""));
  CHECK(refused(1, 257, leaves(257)));
  CHECK(refused(0xffffffffffffffff, 1, leaves(1)));
  CHECK(refused(1, 2, leaves(1)));
  CHECK(refused(1, 1, leaves(2)));
  CHECK(refused(1, 1, std::string(record_size_max + 1, '\0')));
}

TEST_CASE("parse_bundle: a large record travels alone") {
  const std::string text(bundle_size_max, 'x');
  std::string records;
  append_record(records, {.number = 1, .room = "r", .nick = "n", .text = text});
  CHECK(parse_bundle(*key().seal(1, 1, records).bytes));
  records += leaves(1);
  CHECK_FALSE(parse_bundle(*key().seal(1, 2, records).bytes));
}

TEST_CASE("LogKey: what is signed for one purpose is not signed for another") {
  const std::string signature = key().sign("one", "message");
  CHECK(is_signed("one", "message", key().public_key(), signature));
  CHECK_FALSE(is_signed("two", "message", key().public_key(), signature));
  CHECK_FALSE(is_signed("onem", "essage", key().public_key(), signature));
}

TEST_CASE("Bundle: what a store keeps comes back whole, or is to be checked again") {
  const Bundle made = key().seal(5, 2, leaves(2));
  const std::string kept = to_kept(made);
  const Result<Bundle> back = from_kept(kept);
  REQUIRE(back);
  CHECK(back->is_kept);
  CHECK(*back->bytes == *made.bytes);
  // One byte flipped on disk: whatever is read then is not taken on trust.
  for (std::size_t i = 0; i < kept.size(); ++i) {
    std::string flipped = kept;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    const Result<Bundle> read = from_kept(flipped);
    CHECK_FALSE((read && read->is_kept));
  }
  // Of a version that wrote no digest.
  const Result<Bundle> old = from_kept(*made.bytes);
  REQUIRE(old);
  CHECK_FALSE(old->is_kept);
  CHECK(is_signed(*old, key().public_key()));
  CHECK_FALSE(from_kept(""));
}
