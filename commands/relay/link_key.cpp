// The file of the key, and its fingerprint.
#include "commands/relay/link_key.hpp"

#include <cerrno>
#include <openssl/sha.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "base/text.hpp"

namespace netkit::relay {
namespace {

constexpr mode_t private_mode = 0600;
constexpr std::size_t file_size_max = 1024;

Status check_mode(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return errno_error("read " + path);
  if ((found.st_mode & 077) == 0) return ok;
  return Error{Errc::refused, "use the link key in " + path,
               "others may read it: chmod 600, or remove it and let a new one be made"};
}

}  // namespace

LinkKey LinkKey::make() {
  return LinkKey{identity::KeyPair::make()};
}

Result<LinkKey> LinkKey::load_or_make(const std::string& state) {
  const std::string path = state + "/link.key";
  Result<std::string> text = read_file(path, file_size_max);
  if (!text && text.error().code != std::errc::no_such_file_or_directory) return text.error();
  identity::Secret seed;
  if (text) {
    if (Status mode = check_mode(path); !mode) return mode.error();
    auto bytes = from_hex(trim(*text));
    identity::wipe(*text);
    if (bytes) seed = identity::Secret{std::move(*bytes)};
  } else {
    seed = identity::KeyPair::make_seed();
    std::string line = to_hex(seed.view()) + "\n";
    Status written = write_file_atomically(path, line, private_mode);
    identity::wipe(line);
    if (!written) return written.error();
  }
  Result<identity::KeyPair> pair = identity::KeyPair::from_seed(seed.view());
  if (!pair)
    return Error{Errc::malformed, "read the link key in " + path,
                 "it has 64 hex digits; remove it to have a new one made"};
  return LinkKey{std::move(*pair)};
}

std::string LinkKey::fingerprint() const {
  return link_fingerprint(public_key());
}

std::string link_fingerprint(std::string_view public_key) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(public_key.data()), public_key.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return "SHA256:" + to_hex(digest);
}

}  // namespace netkit::relay
