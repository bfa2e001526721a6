// The files of a name.
#include "commands/presence/peer_keys.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "commands/presence/announcement.hpp"
#include "identity/name.hpp"
#include "net/address.hpp"

namespace netkit::presence {
namespace {

constexpr mode_t private_mode = 0600;
constexpr std::size_t instance_file_size_max = 64;

std::string user_name(const config::Environment& environment) {
  for (const char* const variable : {"USER", "LOGNAME"})
    if (const auto found = environment.find(variable);
        found != environment.end() && !found->second.empty())
      return found->second;
  return std::to_string(::geteuid());
}

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

Error bad_name(const char* why) {
  return {Errc::usage, "use that --name", why};
}

/// A name that no file system and no shell stumbles over.
std::string file_name(std::string_view name) {
  std::string file;
  for (const char byte : identity::name_key(name)) {
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const bool plain = letter || is_digit(byte) || byte == '-' || byte == '_' || byte == '@' ||
                       (byte == '.' && !file.empty());
    file += plain ? std::string{byte} : "%" + to_hex({&byte, 1});
  }
  return file;
}

}  // namespace

Result<std::string> own_name(const config::Environment& environment,
                             const std::optional<std::string>& given) {
  const std::string standard = user_name(environment) + "@" + net::host_name();
  Result<std::string> name =
      identity::normal_name(given ? *given : utf8_prefix(standard, name_size_max));
  if (!name) return Error{Errc::usage, "use that --name", name.error().hint.str()};
  if (name->size() > name_size_max) return bad_name("it has more than 64 bytes");
  if (name->find(':') != std::string::npos) return bad_name("a peer's name has no ':'");
  if (!is_peer_name(*name)) return bad_name("numbers in brackets tell peers of one name apart");
  return name;
}

Result<PeerKeys> PeerKeys::open(const std::string& state, const std::string& name) {
  std::string path = state + "/" + file_name(name);
  Result<identity::KeptKey> key = identity::KeptKey::load_or_make(path + ".key");
  if (!key) return key.error();
  return PeerKeys{name, std::move(path), std::move(*key)};
}

Status PeerKeys::hold() {
  const std::string path = path_ + ".lock";
  FileDescriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, private_mode)};
  if (!file) return errno_error("open " + path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error("lock " + path);
    return Error{Errc::busy, "be " + escape_for_display(name_),
                 "a peer called so runs on this machine already; choose another --name or --state"};
  }
  lock_ = std::move(file);
  return ok;
}

Result<std::uint64_t> PeerKeys::next_instance(std::uint64_t now_us) const {
  const std::string path = path_ + ".instance";
  std::uint64_t last = 0;
  if (const Result<std::string> kept = read_file(path, instance_file_size_max)) {
    const std::string_view digits = trim(*kept);
    // What is unreadable was damaged; the clock has gone on since.
    std::from_chars(digits.data(), digits.data() + digits.size(), last);
  } else if (kept.error().code != std::errc::no_such_file_or_directory) {
    return kept.error();
  }
  const std::uint64_t next = last == UINT64_MAX ? last : std::max(now_us, last + 1);
  Status written = write_file_atomically(path, std::to_string(next) + "\n", private_mode);
  if (!written) return written.error();
  return next;
}

Result<std::uint64_t> PeerKeys::begin_run() {
  if (Status held = hold(); !held) return held.error();
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return next_instance(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(since).count()));
}

}  // namespace netkit::presence
