// Strict where the PHC format leaves a choice: a stored string that we read is the one we would
// write.
#include "identity/password_phc.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/units.hpp"
#include "identity/secret_base64.hpp"

namespace netkit::identity {
namespace {

constexpr std::string_view head = "$argon2id$v=19$m=";
constexpr std::size_t text_size_max = 320;
constexpr std::size_t salt_size_min = 8;
constexpr std::size_t tag_size_min = 16;
constexpr std::size_t field_size_max = 64;
/// Argon2 needs two blocks in each of four slices of a lane (RFC 9106, 3.1).
constexpr std::uint32_t lane_kib_min = 8;

Error malformed(std::string why) {
  return {Errc::malformed, "read the stored password hash", std::move(why)};
}

/// Removes `expected` from the front of `text`, or says that it is not there.
bool skip(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

/// Takes a decimal number without sign or leading zeros from the front of `text`.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || text.front() == '0' || text.front() == '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// "M,t=T,p=P", which is left out of `text`.
std::optional<HashParameters> take_parameters(std::string_view& text) {
  const auto memory = take_number(text);
  if (!memory || !skip(text, ",t=")) return std::nullopt;
  const auto passes = take_number(text);
  if (!passes || !skip(text, ",p=")) return std::nullopt;
  const auto lanes = take_number(text);
  if (!lanes) return std::nullopt;
  return HashParameters{*memory, *passes, *lanes};
}

std::optional<std::string> take_key_id(std::string_view& text) {
  const std::string_view id = text.substr(0, text.find('$'));
  text.remove_prefix(id.size());
  const auto bytes = from_base64(id, Base64::standard);
  return bytes && bytes->size() >= 1 && bytes->size() <= 8 ? std::optional{std::string{id}}
                                                           : std::nullopt;
}

}  // namespace

std::string to_text(const PhcHash& hash) {
  std::string text{head};
  text += std::to_string(hash.parameters.memory_kib);
  text += ",t=" + std::to_string(hash.parameters.passes);
  text += ",p=" + std::to_string(hash.parameters.lanes);
  if (!hash.key_id.empty()) text += ",keyid=" + hash.key_id;
  text += '$' + to_base64(hash.salt, Base64::standard);
  return text += '$' + to_base64(hash.tag, Base64::standard);
}

Result<PhcHash> parse_phc(std::string_view text) {
  if (text.size() > text_size_max) return malformed("it is too long");
  if (!skip(text, head)) return malformed("only argon2id of version 19 is supported");
  const auto parameters = take_parameters(text);
  if (!parameters) return malformed("its parameters are not m=,t=,p= with plain numbers");
  PhcHash hash{*parameters, {}, {}, {}};
  if (skip(text, ",keyid=")) {
    auto id = take_key_id(text);
    if (!id) return malformed("its key id is not 1 to 8 bytes of base64");
    hash.key_id = *std::move(id);
  }
  const std::size_t middle = text.find('$', 1);
  if (!skip(text, "$") || middle == text.npos) return malformed("it has no salt and tag");
  auto salt = from_base64(text.substr(0, middle - 1), Base64::standard);
  auto tag = from_base64(text.substr(middle), Base64::standard);
  if (!salt || salt->size() < salt_size_min || salt->size() > field_size_max)
    return malformed("its salt is not 8 to 64 bytes of base64");
  if (!tag || tag->size() < tag_size_min || tag->size() > field_size_max)
    return malformed("its tag is not 16 to 64 bytes of base64");
  hash.salt = *std::move(salt);
  hash.tag = *std::move(tag);

  if (const auto low = check_ceiling(hash.parameters); !low)
    return Error{Errc::too_large, "compute the stored password hash", low.error().hint};
  // Multiplied in 64 bits and only now, when both are known to be small.
  if (hash.parameters.memory_kib < lane_kib_min * hash.parameters.lanes)
    return malformed("it has less than 8 KiB of memory a lane");
  return hash;
}

Status check_ceiling(const HashParameters& parameters) {
  const auto& [memory, passes, lanes] = parameters;
  const auto& most = ceiling_parameters;
  std::string hint;
  if (memory > most.memory_kib)
    hint = "its memory is above " + to_text(Size{std::uint64_t{most.memory_kib} * 1024});
  else if (passes > most.passes)
    hint = "it has more than " + std::to_string(most.passes) + " passes";
  else if (lanes > most.lanes)
    hint = "it has more than " + std::to_string(most.lanes) + " lanes";
  else if (std::uint64_t{memory} * passes > work_kib_max)
    hint = "memory times passes is above " + to_text(Size{work_kib_max * 1024});
  if (hint.empty()) return ok;
  return Error{Errc::usage, "use these hash parameters", std::move(hint)};
}

}  // namespace netkit::identity
