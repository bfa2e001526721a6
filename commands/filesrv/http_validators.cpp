// Tags and conditions.
#include "commands/filesrv/http_validators.hpp"

#include <charconv>
#include <cstdlib>
#include <vector>

#include "base/text.hpp"
#include "identity/secret_base64.hpp"
#include "wire/http_date.hpp"

namespace netkit::filesrv {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

struct Tag {
  bool weak = false;
  std::string_view text;  ///< With its quotes.
};

/// Takes one entity tag off the front of `list`; nullopt if there is none.
std::optional<Tag> take_tag(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
  Tag tag;
  tag.weak = list.starts_with("W/");
  const std::string_view from = list.substr(tag.weak ? 2 : 0);
  const std::size_t end = from.starts_with('"') ? from.find('"', 1) : from.npos;
  if (end == from.npos) return std::nullopt;
  tag.text = from.substr(0, end + 1);
  list = from.substr(end + 1);
  return tag;
}

std::string_view opaque(const Validators& current) {
  return std::string_view{current.etag}.substr(current.strong ? 0 : 2);
}

enum class Comparison : std::uint8_t { weak, strong };

bool tag_matches(const Tag& tag, const Validators& current, Comparison how) {
  return tag.text == opaque(current) && (how == Comparison::weak || (current.strong && !tag.weak));
}

/// Whether a field of tags, or "*", has the current one.
bool any_matches(const wire::HttpFields& fields, std::string_view name, const Validators* current,
                 Comparison how) {
  if (!current) return false;
  for (std::string_view list : fields.find_all(name)) {
    if (trim(list) == "*") return true;
    while (const std::optional<Tag> tag = take_tag(list))
      if (tag_matches(*tag, *current, how)) return true;
  }
  return false;
}

/// The date of a field that stands there once and is one.
std::optional<std::int64_t> date_of(const wire::HttpFields& fields, std::string_view name,
                                    std::int64_t now_s) {
  if (fields.count(name) != 1) return std::nullopt;
  return wire::parse_http_date(*fields.find(name), now_s);
}

/// The elements of a dictionary (RFC 8941, 3.2): KEY or KEY=VALUE.
struct Member {
  std::string_view key;
  std::string_view value;
};
std::vector<Member> members(const wire::HttpFields& fields, std::string_view name) {
  std::vector<Member> found;
  for (const std::string_view each : fields.list(name)) {
    const std::size_t equals = std::min(each.find('='), each.size());
    found.push_back({each.substr(0, equals), each.substr(std::min(equals + 1, each.size()))});
  }
  return found;
}

}  // namespace

Validators validators_of(const transfer::Facts& facts, std::int64_t now_ns) {
  Validators validators;
  const std::int64_t age_ns = now_ns - facts.mtime_ns;
  validators.strong = age_ns >= 2 * second_ns || age_ns <= -2 * second_ns;
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, facts.version, 16).ptr;
  validators.etag = validators.strong ? "\"" : "W/\"";
  validators.etag.append(digits, end).push_back('"');
  validators.modified_s = facts.mtime_ns / second_ns - (facts.mtime_ns % second_ns < 0 ? 1 : 0);
  return validators;
}

Verdict judge_conditions(const wire::HttpFields& fields, bool reads, const Validators* current,
                         std::int64_t now_s) {
  if (fields.count("If-Match") > 0) {
    if (!any_matches(fields, "If-Match", current, Comparison::strong)) return Verdict::failed;
  } else if (const auto since = date_of(fields, "If-Unmodified-Since", now_s); since && current) {
    if (current->modified_s > *since) return Verdict::failed;
  }
  if (fields.count("If-None-Match") > 0) {
    if (any_matches(fields, "If-None-Match", current, Comparison::weak))
      return reads ? Verdict::not_modified : Verdict::failed;
  } else if (reads && current) {
    const auto since = date_of(fields, "If-Modified-Since", now_s);
    if (since && current->modified_s <= *since) return Verdict::not_modified;
  }
  return Verdict::proceed;
}

bool range_holds(const wire::HttpFields& fields, const Validators& current, std::int64_t now_s) {
  const std::size_t count = fields.count("If-Range");
  if (count == 0) return true;
  if (count > 1) return false;
  std::string_view value = *fields.find("If-Range");
  if (const std::optional<Tag> tag = take_tag(value))
    return tag_matches(*tag, current, Comparison::strong);
  const auto since = wire::parse_http_date(value, now_s);
  return since && current.strong && *since == current.modified_s;
}

std::string digest_field(std::string_view sha256) {
  return "sha-256=:" + identity::to_base64(sha256, identity::Base64::standard) + "=:";
}

Result<std::optional<std::string>> digest_of(const wire::HttpFields& fields,
                                             std::string_view name) {
  std::optional<std::string> digest;
  for (const Member& member : members(fields, name)) {
    if (member.key != "sha-256") continue;
    std::string_view value = member.value;
    const bool framed = value.size() > 3 && value.starts_with(':') && value.ends_with("=:");
    if (framed)
      digest = identity::from_base64(value.substr(1, value.size() - 3), identity::Base64::standard);
    if (!framed || !digest || digest->size() != 32)
      return Error{Errc::malformed, "read the digest of the request"};
  }
  return digest;
}

bool wants_digest(const wire::HttpFields& fields, std::string_view name) {
  for (const Member& member : members(fields, name))
    if (member.key == "sha-256") return member.value != "0";
  return false;
}

}  // namespace netkit::filesrv
