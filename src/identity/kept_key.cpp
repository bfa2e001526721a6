// The file of the key, and its fingerprint.
#include "identity/kept_key.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "base/text.hpp"

namespace netkit::identity {
namespace {

constexpr mode_t private_mode = 0600;
constexpr std::size_t file_size_max = 1024;
/// Others hold the lock while they write one small file.
constexpr std::chrono::seconds lock_limit{2};

Status check_mode(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return errno_error("read " + path);
  if ((found.st_mode & 077) == 0) return ok;
  return Error{Errc::refused, "use the key in " + path,
               "others may read it: chmod 600, or remove it and let a new one be made"};
}

bool is_missing(const Error& why) {
  return why.code == std::errc::no_such_file_or_directory;
}

Result<Secret> read_seed(const std::string& path) {
  Result<std::string> text = read_file(path, file_size_max);
  if (!text) return text.error();
  Status mode = check_mode(path);
  auto bytes = from_hex(trim(*text));
  wipe(*text);
  Secret seed = bytes ? Secret{std::move(*bytes)} : Secret{};
  if (!mode) return mode.error();
  return seed;
}

Result<Secret> make_seed(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const FileDescriptor lock{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!lock) return errno_error("open " + folder);
  // A file system that locks no folders is no reason to have no key.
  if (Status locked = lock_within(lock.get(), folder, lock_limit);
      !locked && locked.error().code == Errc::busy)
    return locked.error();
  Result<Secret> seed = read_seed(path);  // Another may have made it meanwhile.
  if (seed || !is_missing(seed.error())) return seed;
  Secret made = KeyPair::make_seed();
  std::string line = to_hex(made.view()) + "\n";
  Status written = write_file_atomically(path, line, private_mode);
  wipe(line);
  if (!written) return written.error();
  return made;
}

}  // namespace

KeptKey KeptKey::make() {
  return KeptKey{KeyPair::make()};
}

Result<KeptKey> KeptKey::load_or_make(const std::string& path) {
  Result<Secret> seed = read_seed(path);
  if (!seed && is_missing(seed.error())) seed = make_seed(path);
  if (!seed) return seed.error();
  Result<KeyPair> pair = KeyPair::from_seed(seed->view());
  if (!pair)
    return Error{Errc::malformed, "read the key in " + path,
                 "it has 64 hex digits; remove it to have a new one made"};
  return KeptKey{std::move(*pair)};
}

std::string KeptKey::fingerprint() const {
  return key_fingerprint(public_key());
}

std::string key_fingerprint(std::string_view public_key) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(public_key.data()), public_key.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return "SHA256:" + to_hex(digest);
}

}  // namespace netkit::identity
