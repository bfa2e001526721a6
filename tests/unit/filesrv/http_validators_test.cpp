// Tests of tags, conditions and digests, by the rules and examples of RFC 9110 and RFC 9530.
#include "commands/filesrv/http_validators.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::filesrv;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t rfc_date = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::int64_t now_s = 1'800'000'000;

wire::HttpFields fields(std::initializer_list<wire::HttpField> given) {
  wire::HttpFields made;
  for (const wire::HttpField& field : given)
    made.add(field);
  return made;
}

const Validators strong{"\"a\"", rfc_date, true};
const Validators weak{"W/\"a\"", rfc_date, false};

Verdict reading(std::initializer_list<wire::HttpField> given, const Validators& now = strong) {
  return judge_conditions(fields(given), true, &now, now_s);
}
Verdict writing(std::initializer_list<wire::HttpField> given, const Validators* now = &strong) {
  return judge_conditions(fields(given), false, now, now_s);
}

}  // namespace

TEST_CASE("validators_of: a file that was just changed has a weak tag") {
  transfer::Facts facts;
  facts.version = 0x1f;
  facts.mtime_ns = 5 * second_ns + 7;
  CHECK(validators_of(facts, 7 * second_ns + 7).etag == "\"1f\"");
  CHECK(validators_of(facts, 7 * second_ns + 6).etag == "W/\"1f\"");
  CHECK(validators_of(facts, 3 * second_ns + 8).etag == "W/\"1f\"");
  CHECK(validators_of(facts, 3 * second_ns + 7).etag == "\"1f\"");
  CHECK(validators_of(facts, 0).modified_s == 5);
  facts.mtime_ns = -1;
  CHECK(validators_of(facts, 9 * second_ns).modified_s == -1);
  facts.version = UINT64_MAX;
  CHECK(validators_of(facts, 9 * second_ns).etag == "\"ffffffffffffffff\"");
}

TEST_CASE("judge_conditions: If-None-Match compares weakly and spares the body") {
  CHECK(reading({}) == Verdict::proceed);
  CHECK(reading({{"If-None-Match", "\"a\""}}) == Verdict::not_modified);
  CHECK(reading({{"If-None-Match", "W/\"a\""}}) == Verdict::not_modified);
  CHECK(reading({{"If-None-Match", "\"a\""}}, weak) == Verdict::not_modified);
  CHECK(reading({{"If-None-Match", "\"b\", \"x,y\" ,W/\"a\""}}) == Verdict::not_modified);
  CHECK(reading({{"If-None-Match", "\"b\""}, {"If-None-Match", "\"a\""}}) == Verdict::not_modified);
  CHECK(reading({{"If-None-Match", "*"}}) == Verdict::not_modified);
  CHECK(reading({{"If-None-Match", "\"b\""}}) == Verdict::proceed);
  CHECK(reading({{"If-None-Match", "a"}}) == Verdict::proceed);
  CHECK(reading({{"If-None-Match", "\"a"}}) == Verdict::proceed);
  CHECK(writing({{"If-None-Match", "*"}}) == Verdict::failed);
  CHECK(writing({{"If-None-Match", "*"}}, nullptr) == Verdict::proceed);
  CHECK(writing({{"If-None-Match", "\"a\""}}) == Verdict::failed);
}

TEST_CASE("judge_conditions: If-Match compares strongly") {
  CHECK(writing({{"If-Match", "\"a\""}}) == Verdict::proceed);
  CHECK(writing({{"If-Match", "\"b\",\"a\""}}) == Verdict::proceed);
  CHECK(writing({{"If-Match", "W/\"a\""}}) == Verdict::failed);
  CHECK(writing({{"If-Match", "\"a\""}}, &weak) == Verdict::failed);
  CHECK(writing({{"If-Match", "W/\"a\""}}, &weak) == Verdict::failed);
  CHECK(writing({{"If-Match", "*"}}, &weak) == Verdict::proceed);
  CHECK(writing({{"If-Match", "*"}}, nullptr) == Verdict::failed);
  CHECK(writing({{"If-Match", "\"b\""}}) == Verdict::failed);
  CHECK(reading({{"If-Match", "\"b\""}}) == Verdict::failed);
}

TEST_CASE("judge_conditions: dates count where there are no tags") {
  const std::string_view same = "Sun, 06 Nov 1994 08:49:37 GMT";
  const std::string_view before = "Sun, 06 Nov 1994 08:49:36 GMT";
  CHECK(reading({{"If-Modified-Since", same}}) == Verdict::not_modified);
  CHECK(reading({{"If-Modified-Since", before}}) == Verdict::proceed);
  CHECK(reading({{"If-Modified-Since", "soon"}}) == Verdict::proceed);
  CHECK(writing({{"If-Modified-Since", same}}) == Verdict::proceed);
  CHECK(reading({{"If-Modified-Since", same}, {"If-None-Match", "\"b\""}}) == Verdict::proceed);
  CHECK(reading({{"If-Unmodified-Since", same}}) == Verdict::proceed);
  CHECK(reading({{"If-Unmodified-Since", before}}) == Verdict::failed);
  CHECK(reading({{"If-Unmodified-Since", "soon"}}) == Verdict::proceed);
  CHECK(reading({{"If-Unmodified-Since", before}, {"If-Match", "\"a\""}}) == Verdict::proceed);
  // The first that says no decides.
  CHECK(reading({{"If-None-Match", "\"a\""}, {"If-Match", "\"b\""}}) == Verdict::failed);
}

TEST_CASE("range_holds: only for the very same state") {
  const auto holds = [](std::string_view value, const Validators& now) {
    return range_holds(fields({{"If-Range", value}}), now, now_s);
  };
  CHECK(range_holds(fields({}), weak, now_s));
  CHECK(holds("\"a\"", strong));
  CHECK_FALSE(holds("\"b\"", strong));
  CHECK_FALSE(holds("W/\"a\"", strong));
  CHECK_FALSE(holds("\"a\"", weak));
  CHECK(holds("Sun, 06 Nov 1994 08:49:37 GMT", strong));
  CHECK_FALSE(holds("Sun, 06 Nov 1994 08:49:38 GMT", strong));
  CHECK_FALSE(holds("Sun, 06 Nov 1994 08:49:36 GMT", strong));
  CHECK_FALSE(holds("Sun, 06 Nov 1994 08:49:37 GMT", weak));
  CHECK_FALSE(holds("a", strong));
  CHECK_FALSE(range_holds(fields({{"If-Range", "\"a\""}, {"If-Range", "\"a\""}}), strong, now_s));
}

TEST_CASE("digests: as RFC 9530 writes them") {
  // The example of RFC 9530, B.1: {"hello": "world"} and a line end.
  constexpr std::string_view text = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
  const auto digest = digest_of(fields({{"Repr-Digest", text}}), "Repr-Digest");
  REQUIRE(digest);
  REQUIRE(*digest);
  CHECK((*digest)->size() == 32);
  CHECK(digest_field(**digest) == text);
  CHECK_FALSE(*digest_of(fields({}), "Repr-Digest"));
  CHECK_FALSE(*digest_of(fields({{"Repr-Digest", "sha-512=:AAAA:"}}), "Repr-Digest"));
  CHECK(
      *digest_of(fields({{"Repr-Digest", "sha-512=:AAAA:, " + std::string{text}}}), "Repr-Digest"));
  for (std::size_t size = 8; size < text.size(); ++size)
    CHECK_FALSE(digest_of(fields({{"Repr-Digest", text.substr(0, size)}}), "Repr-Digest"));
  CHECK_FALSE(digest_of(fields({{"Repr-Digest", "sha-256=:AAAA:"}}), "Repr-Digest"));
}

TEST_CASE("wants_digest: by name, unless its weight is none") {
  const auto wants = [](std::string_view value) {
    return wants_digest(fields({{"Want-Repr-Digest", value}}), "Want-Repr-Digest");
  };
  CHECK(wants("sha-256=1"));
  CHECK(wants("sha-512=3, sha-256=10"));
  CHECK_FALSE(wants("sha-256=0"));
  CHECK_FALSE(wants("sha-512=3"));
  CHECK_FALSE(wants_digest(fields({}), "Want-Repr-Digest"));
}
