// Short strings live inside their object, so a moved-from one still holds its text: each move wipes
// its source.
#include "identity/secret.hpp"

#include <openssl/crypto.h>
#include <utility>

namespace netkit::identity {

Secret::Secret(std::string text) : text_{std::move(text)} {
  wipe(text);
}

Secret::Secret(Secret&& other) noexcept : text_{std::move(other.text_)} {
  wipe(other.text_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(text_);
  text_ = std::move(other.text_);
  // A string may trade buffers when it is moved; ours was clean by then.
  wipe(other.text_);
  return *this;
}

Secret::~Secret() {
  wipe(text_);
}

Secret Secret::copy() const {
  return Secret{text_};
}

void wipe(std::string& text) noexcept {
  // Up to the capacity no memory moves, and what was cut off earlier is reached too.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

bool equal_secrets(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace netkit::identity
