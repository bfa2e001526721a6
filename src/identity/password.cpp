// Hashing and verifying, and what both may cost.
#include "identity/password.hpp"

#include <algorithm>
#include <array>

#include "base/random.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "identity/legacy_hash.hpp"
#include "identity/password_argon2.hpp"
#include "identity/password_phc.hpp"
#include "identity/secret_base64.hpp"
#include "identity/token.hpp"

namespace netkit::identity {
namespace {

constexpr std::size_t salt_size = 16;
constexpr std::size_t tag_size = 32;
constexpr std::size_t pepper_size_min = 16;
constexpr std::size_t pepper_size_max = 1024;
constexpr std::size_t peppers_max = 8;
constexpr std::size_t key_id_size = 8;

Error bad_peppers(std::string why) {
  return {Errc::usage, "read the peppers", std::move(why)};
}

Result<Secret> tag_of(const PhcHash& hash, const Secret& password, const Secret* pepper) {
  return argon2id({.password = password.view(),
                   .salt = hash.salt,
                   .secret = pepper ? pepper->view() : std::string_view{},
                   .data = {},
                   .parameters = hash.parameters,
                   .tag_size = hash.tag.size()});
}

bool is_outdated(const PhcHash& hash, const HashParameters& now, const Peppers& peppers) {
  const HashParameters& then = hash.parameters;
  return then.memory_kib < now.memory_kib || then.passes < now.passes || then.lanes < now.lanes ||
         hash.salt.size() < salt_size || hash.tag.size() < tag_size ||
         hash.key_id != peppers.current_id();
}

}  // namespace

Status check_parameters(const HashParameters& parameters) {
  const auto& least = floor_parameters;
  std::string hint;
  if (parameters.memory_kib < least.memory_kib)
    hint = "at least " + to_text(Size{std::uint64_t{least.memory_kib} * 1024}) + " of memory";
  else if (parameters.passes < least.passes)
    hint = "at least " + std::to_string(least.passes) + " passes";
  else if (parameters.lanes < least.lanes)
    hint = "at least one lane";
  if (hint.empty()) return check_ceiling(parameters);
  return Error{Errc::usage, "use these hash parameters", "a hash needs " + hint};
}

Result<Peppers> Peppers::parse(std::string_view file_text) {
  Peppers peppers;
  for (const std::string_view line : split(file_text, '\n')) {
    const std::string_view secret = trim(line);
    if (secret.empty()) continue;
    if (peppers.entries_.size() == peppers_max) return bad_peppers("there are more than 8");
    if (secret.size() < pepper_size_min || secret.size() > pepper_size_max)
      return bad_peppers("each line is a secret of 16 to 1,024 bytes");
    std::string id = to_base64(secret_hash(secret), Base64::standard).substr(0, key_id_size);
    if (peppers.find(id)) return bad_peppers("two of them are the same");
    peppers.entries_.push_back({std::move(id), Secret{std::string{secret}}});
  }
  if (peppers.empty()) return bad_peppers("there is none");
  return peppers;
}

std::string_view Peppers::current_id() const {
  return empty() ? std::string_view{} : std::string_view{entries_.front().id};
}

const Secret* Peppers::current() const {
  return empty() ? nullptr : &entries_.front().secret;
}

const Secret* Peppers::find(std::string_view id) const {
  const auto found = std::ranges::find(entries_, id, &Entry::id);
  return found == entries_.end() ? nullptr : &found->secret;
}

Result<std::string> hash_password(const Secret& password, const HashParameters& parameters,
                                  const Peppers& peppers) {
  if (const auto low = check_ceiling(parameters); !low) return low.error();
  PhcHash hash{parameters, std::string{peppers.current_id()}, std::string(salt_size, '\0'),
               std::string(tag_size, '\0')};
  fill_random(hash.salt);
  const auto tag = tag_of(hash, password, peppers.current());
  if (!tag) return tag.error();
  hash.tag = tag->view();
  return to_text(hash);
}

Result<Verdict> verify_password(std::string_view encoded, const Secret& password,
                                const HashParameters& now, const Peppers& peppers) {
  if (!encoded.starts_with("$argon2")) {
    const auto matches = matches_legacy(encoded, password);
    if (!matches) return matches.error();
    return Verdict{*matches, true};
  }
  const auto hash = parse_phc(encoded);
  if (!hash) return hash.error();
  const Secret* const pepper = hash->key_id.empty() ? nullptr : peppers.find(hash->key_id);
  if (!hash->key_id.empty() && !pepper)
    return Error{Errc::not_found, "verify a password",
                 "its pepper " + hash->key_id + " is not among those given"};
  const auto tag = tag_of(*hash, password, pepper);
  if (!tag) return tag.error();
  return Verdict{equal_secrets(tag->view(), hash->tag), is_outdated(*hash, now, peppers)};
}

Status check_encoded(std::string_view encoded) {
  if (!encoded.starts_with("$argon2")) return check_legacy(encoded);
  const auto hash = parse_phc(encoded);
  if (!hash) return hash.error();
  return ok;
}

std::string decoy(const HashParameters& parameters, const Peppers& peppers) {
  // A tag that was not computed: whoever finds a password for it has broken Argon2.
  return to_text({parameters, std::string{peppers.current_id()},
                  secret_hash("netkit decoy salt").substr(0, salt_size),
                  secret_hash("netkit decoy tag")});
}

}  // namespace netkit::identity
