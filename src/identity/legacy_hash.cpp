// The strings are checked letter by letter before crypt(3) sees them: it trusts the costs they
// name.
#include "identity/legacy_hash.hpp"

#include <algorithm>
#include <charconv>
#include <crypt.h>
#include <cstdint>
#include <cstring>
#include <memory>
#include <openssl/crypto.h>
#include <string>

namespace netkit::identity {
namespace {

/// In the order of their values, as yescrypt's parameters need it.
constexpr std::string_view crypt_letters =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr unsigned bcrypt_cost_max = 14;
constexpr std::size_t bcrypt_password_size_max = 72;
constexpr unsigned rounds_min = 1000;
constexpr unsigned rounds_max = 1'000'000;
constexpr std::uint64_t yescrypt_memory_max = std::uint64_t{1} << 30;

Error malformed(std::string why) {
  return {Errc::malformed, "read the stored password hash", std::move(why)};
}

Error too_costly(std::string why) {
  return {Errc::too_large, "compute the stored password hash", std::move(why)};
}

bool is_crypt_text(std::string_view text) {
  return text.find_first_not_of(crypt_letters) == text.npos;
}

bool is_bcrypt(std::string_view encoded) {
  return encoded.starts_with("$2a$") || encoded.starts_with("$2b$") || encoded.starts_with("$2y$");
}

// bcrypt: $2b$ cost, two digits | $ | salt 22 | hash 31
Status check_bcrypt(std::string_view encoded) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (encoded.size() != 60 || !digit(encoded[4]) || !digit(encoded[5]) || encoded[6] != '$' ||
      !is_crypt_text(encoded.substr(7)))
    return malformed("it is not a whole bcrypt hash");
  const int cost = (encoded[4] - '0') * 10 + (encoded[5] - '0');
  if (cost < 4 || cost > 31) return malformed("bcrypt has no such cost");
  if (cost > static_cast<int>(bcrypt_cost_max)) return too_costly("its bcrypt cost is above 14");
  return ok;
}

// SHA-crypt: $6$ | optional rounds=N$ | salt 1..16 | $ | hash 86 ($5$: 43)
Status check_sha(std::string_view encoded) {
  const std::size_t hash_size = encoded[1] == '6' ? 86 : 43;
  std::string_view rest = encoded.substr(3);
  unsigned rounds = 5000;
  if (rest.starts_with("rounds=")) {
    rest.remove_prefix(7);
    const std::string_view number = rest.substr(0, rest.find('$'));
    const char* const end = number.data() + number.size();
    const auto [stopped, failed] = std::from_chars(number.data(), end, rounds);
    if (failed == std::errc::result_out_of_range) return too_costly("it has too many rounds");
    if (failed != std::errc{} || stopped != end || number.front() == '0' || number == rest)
      return malformed("its rounds are not a plain number");
    rest.remove_prefix(number.size() + 1);
  }
  const std::string_view salt = rest.substr(0, rest.find('$'));
  if (salt.empty() || salt.size() > 16 || !is_crypt_text(salt) ||
      rest.size() != salt.size() + 1 + hash_size || !is_crypt_text(rest.substr(salt.size() + 1)))
    return malformed("it is not a whole SHA-crypt hash");
  if (rounds < rounds_min) return malformed("it has less than 1,000 rounds");
  if (rounds > rounds_max) return too_costly("it has more than 1,000,000 rounds");
  return ok;
}

// yescrypt: $y$ | j | N: 1 letter | r: 1 letter | $ | salt 1..86 | $ | hash 43. More parameters
// exist; crypt_gensalt(3) gives none of them, and each could raise the cost.
Status check_yescrypt(std::string_view encoded) {
  std::string_view rest = encoded.substr(3);
  if (rest.size() < 4 || rest[0] != 'j' || rest[3] != '$')
    return malformed("only yescrypt's default flavour is supported");
  const std::size_t log2_n = crypt_letters.find(rest[1]) + 1;
  const std::size_t r = crypt_letters.find(rest[2]) + 1;
  // From the 49th letter on, more letters would belong to the number.
  if (log2_n == 0 || log2_n > 48 || r == 0 || r > 48 || log2_n < 10)
    return malformed("yescrypt has no such parameters");
  if (log2_n > 23 || (std::uint64_t{128} * r << log2_n) > yescrypt_memory_max)
    return too_costly("its yescrypt memory is above 1 GiB");
  rest.remove_prefix(4);
  const std::string_view salt = rest.substr(0, rest.find('$'));
  if (salt.empty() || salt.size() > 86 || !is_crypt_text(salt) ||
      rest.size() != salt.size() + 1 + 43 || !is_crypt_text(rest.substr(salt.size() + 1)))
    return malformed("it is not a whole yescrypt hash");
  return ok;
}

/// crypt(3)'s working memory, with the password in it: wiped when it goes.
struct Crypt {
  crypt_data data{};
  Crypt() = default;
  ~Crypt() { OPENSSL_cleanse(&data, sizeof data); }
  Crypt(const Crypt&) = delete;
  Crypt& operator=(const Crypt&) = delete;
};

}  // namespace

Status check_legacy(std::string_view encoded) {
  if (is_bcrypt(encoded)) return check_bcrypt(encoded);
  if (encoded.starts_with("$5$") || encoded.starts_with("$6$")) return check_sha(encoded);
  if (encoded.starts_with("$y$")) return check_yescrypt(encoded);
  return malformed("its algorithm is not supported");
}

Result<bool> matches_legacy(std::string_view encoded, const Secret& password) {
  if (const auto checked = check_legacy(encoded); !checked) return checked.error();
  const auto state = std::make_unique<Crypt>();
  crypt_data& data = state->data;
  std::string_view phrase = password.view();
  // Done here because crypt(3) refuses above 511 bytes what bcrypt would have cut.
  if (is_bcrypt(encoded)) phrase = phrase.substr(0, bcrypt_password_size_max);
  if (phrase.size() >= sizeof data.input || phrase.find('\0') != phrase.npos) return false;
  std::memcpy(data.input, phrase.data(), phrase.size());
  std::memcpy(data.setting, encoded.data(), encoded.size());
  const char* const computed = ::crypt_rn(data.input, data.setting, &data, sizeof data);
  // Its reasons are a want of memory, or a salt whose spare bits are set.
  if (!computed) return errno_error("compute the stored password hash");
  return equal_secrets(computed, encoded);
}

}  // namespace netkit::identity
