// The codec of bundles and the key of a log; the field table stands in the header.
#include "commands/relay/bundle.hpp"

#include <array>
#include <limits>
#include <openssl/sha.h>
#include <utility>

#include "base/bytes.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t head_size = 18;
constexpr std::string_view bundle_purpose = "netkit relay bundle 1";
constexpr std::string_view kept_purpose = "netkit relay kept 1";

Error malformed() {
  return Error{Errc::malformed, "read a bundle"};
}

/// The first 8 bytes of SHA-256 of both.
std::uint64_t digest_id(std::string_view prefix, std::string_view bytes) {
  std::string text{prefix};
  text += bytes;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  identity::wipe(text);
  return load_be<std::uint64_t>(reinterpret_cast<const char*>(digest));
}

std::string signed_text(std::string_view what, std::string_view message) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data());
  std::string text{what};
  text += '\0';
  text.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return text;
}

/// Whether `records` are `count` of them, by their sizes.
bool has_count(std::string_view records, std::size_t count) {
  for (; count > 0; --count) {
    if (records.size() < 4) return false;
    const std::size_t size = load_be<std::uint32_t>(records.data());
    if (size > record_size_max - 4 || size > records.size() - 4) return false;
    records.remove_prefix(4 + size);
  }
  return records.empty();
}

}  // namespace

std::string_view Bundle::records() const {
  return std::string_view{*bytes}.substr(head_size,
                                         bytes->size() - head_size - identity::signature_size);
}

Result<Bundle> parse_bundle(std::string bytes) {
  if (bytes.size() < head_size + identity::signature_size) return malformed();
  Bundle bundle;
  bundle.log = load_be<std::uint64_t>(bytes.data());
  bundle.first = load_be<std::uint64_t>(bytes.data() + 8);
  const std::size_t count = load_be<std::uint16_t>(bytes.data() + 16);
  if (bundle.first == 0 || count == 0 || count > bundle_count_max) return malformed();
  if (std::numeric_limits<std::uint64_t>::max() - bundle.first < count) return malformed();
  bundle.last = bundle.first + count - 1;
  bundle.bytes = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view records = bundle.records();
  if (count > 1 && records.size() > bundle_size_max) return malformed();
  if (!has_count(records, count)) return malformed();
  return bundle;
}

std::string to_kept(const Bundle& bundle) {
  std::string kept = *bundle.bytes;
  append_be(kept, digest_id(kept_purpose, *bundle.bytes));
  return kept;
}

Result<Bundle> from_kept(std::string kept) {
  constexpr std::size_t digest_size = sizeof(std::uint64_t);
  if (kept.size() < digest_size) return malformed();
  const std::string_view bytes{kept.data(), kept.size() - digest_size};
  const bool whole =
      load_be<std::uint64_t>(kept.data() + bytes.size()) == digest_id(kept_purpose, bytes);
  if (whole) kept.resize(bytes.size());
  Result<Bundle> bundle = parse_bundle(std::move(kept));
  if (bundle) bundle->is_kept = whole;
  return bundle;
}

bool is_signed(const Bundle& bundle, std::string_view public_key) {
  const std::string_view bytes = *bundle.bytes;
  const std::size_t signed_size = bytes.size() - identity::signature_size;
  return is_signed(bundle_purpose, bytes.substr(0, signed_size), public_key,
                   bytes.substr(signed_size));
}

bool is_signed(std::string_view what, std::string_view message, std::string_view public_key,
               std::string_view signature) {
  return identity::is_signed_by(public_key, signed_text(what, message), signature);
}

LogId log_of(std::string_view public_key) {
  return digest_id("netkit relay log 1", public_key);
}

SenderKey sender_of(std::string_view secret) {
  return digest_id("netkit relay sender 1", secret);
}

LogKey::LogKey(identity::KeyPair pair) : pair_{std::move(pair)}, log_{log_of(pair_.public_key())} {}

LogKey LogKey::make() {
  return LogKey{identity::KeyPair::make()};
}

Result<LogKey> LogKey::from_seed(std::string_view seed) {
  Result<identity::KeyPair> pair = identity::KeyPair::from_seed(seed);
  if (!pair) return pair.error();
  return LogKey{*std::move(pair)};
}

Bundle LogKey::seal(std::uint64_t first, std::uint16_t count, std::string_view records) const {
  std::string bytes;
  bytes.reserve(head_size + records.size() + identity::signature_size);
  append_be(bytes, log_);
  append_be(bytes, first);
  append_be(bytes, count);
  bytes += records;
  bytes += sign(bundle_purpose, bytes);
  return {.log = log_,
          .first = first,
          .last = first + count - 1,
          .bytes = std::make_shared<const std::string>(std::move(bytes))};
}

std::string LogKey::sign(std::string_view what, std::string_view message) const {
  return pair_.sign(signed_text(what, message));
}

}  // namespace netkit::relay
