// Tokens and codes from random bytes.
#include "identity/token.hpp"

#include <algorithm>
#include <array>
#include <openssl/sha.h>

#include "base/random.hpp"

namespace netkit::identity {
namespace {

constexpr std::string_view token_prefix = "nk_";
constexpr std::string_view base64url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Without I, L, O and U (Crockford's base 32): 5 bits a character.
constexpr std::string_view code_letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t code_size = 12;

}  // namespace

std::string make_token() {
  std::array<char, 32> random{};
  fill_random(random);
  std::string token{token_prefix};
  unsigned bits = 0;
  unsigned held = 0;
  for (const char byte : random) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (held += 8; held >= 6; held -= 6)
      token += base64url[bits >> (held - 6) & 63];
  }
  return token += base64url[bits << (6 - held) & 63];
}

bool is_token(std::string_view text) noexcept {
  return text.size() == token_prefix.size() + 43 && text.starts_with(token_prefix) &&
         text.find_first_not_of(base64url, token_prefix.size()) == std::string_view::npos;
}

std::string make_code() {
  std::array<char, code_size> random{};
  fill_random(random);
  std::string code;
  for (const char byte : random)
    code += code_letters[static_cast<unsigned char>(byte) & 31];
  return normal_code(code);
}

std::string normal_code(std::string_view typed) {
  std::string code;
  for (const char c : typed) {
    if (c == '-' || c == ' ') continue;
    if (!code.empty() && code.size() % 5 == 4) code += '-';
    code += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return code;
}

std::string secret_hash(std::string_view secret) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

}  // namespace netkit::identity
