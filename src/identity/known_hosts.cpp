// The known_hosts file, read and extended under a lock.
#include "identity/known_hosts.hpp"

#include <chrono>
#include <fcntl.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "identity/certificate.hpp"

namespace netkit::identity {
namespace {

constexpr std::size_t file_size_max = 4 * 1024 * 1024;
/// Others hold the lock for one read and one write. Whoever keeps it longer must not stop a client.
constexpr std::chrono::seconds lock_limit{2};

/// The fingerprint that `text` has for `server`; empty for none.
std::string_view find(std::string_view text, std::string_view server) {
  for (const std::string_view raw : split(text, '\n')) {
    const std::string_view line = trim(raw);
    if (line.starts_with('#')) continue;
    const std::size_t space = line.find_first_of(" \t");
    if (space != std::string_view::npos && line.substr(0, space) == server)
      return trim(line.substr(space));
  }
  return {};
}

}  // namespace

Result<KnownHosts::Verdict> KnownHosts::check(std::string_view server,
                                              std::string_view fingerprint) const {
  const std::string directory = path_.substr(0, path_.rfind('/'));
  if (Status made = make_private_directory(directory); !made) return made.error();
  const FileDescriptor file{open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  if (!file) return errno_error("open " + path_);
  if (Status locked = lock_within(file.get(), path_, lock_limit); !locked) return locked.error();

  Result<std::string> text = read_file(path_, file_size_max);
  if (!text) return text.error();
  const std::string_view known = find(*text, server);
  if (known.empty()) {
    // A last line without its end must not swallow ours.
    std::string line = text->empty() || text->back() == '\n' ? "" : "\n";
    line.append(server).append(" ").append(fingerprint).append("\n");
    if (Status written = write_all(file.get(), line); !written) return written.error();
    return Verdict::added;
  }
  const Result<std::string> wanted = parse_fingerprint(known);
  if (wanted && *wanted == fingerprint) return Verdict::known;
  return Error{Errc::refused, "trust " + std::string{server},
               "it shows another certificate than before, " + std::string{fingerprint} +
                   "; if that is right, remove its line from " + path_};
}

}  // namespace netkit::identity
