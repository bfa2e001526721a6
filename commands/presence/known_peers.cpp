// The file of known peers: read as it stands, changed under a lock of its own, replaced whole.
#include "commands/presence/known_peers.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "base/text.hpp"
#include "commands/presence/announcement.hpp"
#include "identity/kept_key.hpp"
#include "identity/name.hpp"

namespace netkit::presence {
namespace {

constexpr std::size_t file_size_max = 4 * 1024 * 1024;
constexpr std::size_t names_max = 10'000;
/// Others hold the lock for one read and one write.
constexpr std::chrono::seconds lock_limit{2};

struct Line {
  std::string name;  ///< As identity::name_key() has it; empty: not a line of a peer.
  std::string key;   ///< Empty: what stands there is no key.
};

std::string escape(std::string_view name) {
  std::string out;
  for (const char each : name) {
    if (each == ' ' || each == '%' || each == '#')
      out += "%" + to_hex({&each, 1});
    else
      out += each;
  }
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto byte = text.front() == '%' ? from_hex(text.substr(1, 2)) : std::nullopt;
    const bool escaped = byte && byte->size() == 1;
    out += escaped ? byte->front() : text.front();
    text.remove_prefix(escaped ? 3 : 1);
  }
  return out;
}

Line parse(std::string_view raw) {
  std::string_view line = raw.substr(0, raw.find('#'));
  line = trim(line);
  const std::size_t space = line.find_last_of(" \t");
  if (space == std::string_view::npos) return {};
  auto key = from_hex(line.substr(space + 1));
  if (!key || key->size() != key_size) key.emplace();
  return {.name = identity::name_key(unescape(trim(line.substr(0, space)))),
          .key = std::move(*key)};
}

/// What a file says of one name.
struct Found {
  std::size_t line = 0;  ///< Of the first, counted from 1; 0: none.
  std::vector<std::string> keys;
  std::size_t names = 0;  ///< Lines of all names.

  bool has(std::string_view key) const { return std::ranges::find(keys, key) != keys.end(); }
};

Found look_up(std::string_view text, std::string_view name) {
  Found found;
  const std::string wanted = identity::name_key(name);
  std::size_t number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    Line line = parse(raw);
    if (line.name.empty()) continue;
    ++found.names;
    if (line.name != wanted) continue;
    if (found.line == 0) found.line = number;
    found.keys.push_back(std::move(line.key));
  }
  return found;
}

/// `text` without the lines of `name`, with its last line ended.
std::string without(std::string_view text, std::string_view name, std::size_t& dropped) {
  std::string out;
  const std::string dropping = identity::name_key(name);
  for (const std::string_view raw : split(text, '\n')) {
    if (!dropping.empty() && parse(raw).name == dropping)
      ++dropped;
    else
      out.append(raw).append("\n");
  }
  if (text.empty() || text.back() == '\n') out.pop_back();  // What follows the last line end.
  return out;
}

/// A name as a shell takes it: strangers choose names, and people copy commands.
std::string quoted(std::string_view name) {
  std::string out{"'"};
  for (const char each : name)
    out += each == '\'' ? std::string{"'\\''"} : std::string{each};
  return (name.starts_with('-') ? "-- " : "") + out + "'";
}

Error another_key(const std::string& path, std::string_view name, std::string_view key,
                  const Found& found) {
  const std::string known =
      found.keys.front().empty() ? "no key" : identity::key_fingerprint(found.keys.front());
  return {Errc::refused, "trust the peer " + escape_for_display(name),
          "WARNING: ANOTHER KEY THAN BEFORE, so somebody may pose as this peer: it shows " +
              identity::key_fingerprint(key) + ", line " + std::to_string(found.line) + " of " +
              path + " has " + known + "; if the new key is right: netkit peer forget " +
              quoted(name) + ", or send with --accept-new-key"};
}

Result<FileDescriptor> lock_beside(const std::string& path) {
  // A lock of its own: the file itself is replaced.
  const std::string lock_path = path + ".lock";
  FileDescriptor lock{open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock) return errno_error("open " + lock_path);
  if (Status locked = lock_within(lock.get(), lock_path, lock_limit); !locked)
    return locked.error();
  return lock;
}

}  // namespace

Result<std::string> KnownPeers::read() const {
  Result<std::string> text = read_file(path_, file_size_max);
  if (!text && text.error().code == std::errc::no_such_file_or_directory) return std::string{};
  return text;
}

Result<KnownPeers::Verdict> KnownPeers::check(std::string_view name, std::string_view key,
                                              bool accept_new) const {
  if (identity::name_key(name).empty() || key.size() != key_size)
    return Error{Errc::refused, "trust a peer without a name or a key"};
  // Most are known, and the file is replaced as a whole: no lock is needed to see that.
  Result<std::string> text = read();
  if (!text) return text.error();
  Found found = look_up(*text, name);
  if (found.has(key)) return Verdict::known;
  if (found.line != 0 && !accept_new) return another_key(path_, name, key, found);

  const Result<FileDescriptor> lock = lock_beside(path_);
  if (!lock) return lock.error();
  text = read();
  if (!text) return text.error();
  found = look_up(*text, name);
  if (found.has(key)) return Verdict::known;
  if (found.line != 0 && !accept_new) return another_key(path_, name, key, found);
  std::size_t dropped = 0;
  std::string changed = without(*text, name, dropped);
  // Strangers who invent names must not keep others from writing for the first time.
  if (found.names - dropped >= names_max) return Verdict::full;
  if (!changed.empty() && changed.back() != '\n') changed += '\n';
  changed += escape(name) + " " + to_hex(key) + "\n";
  if (Status written = write_file_atomically(path_, changed, 0600); !written)
    return written.error();
  return dropped > 0 ? Verdict::replaced : Verdict::added;
}

Result<std::optional<std::string>> KnownPeers::find(std::string_view name) const {
  const Result<std::string> text = read();
  if (!text) return text.error();
  Found found = look_up(*text, name);
  for (std::string& key : found.keys)
    if (!key.empty()) return std::optional{std::move(key)};
  return std::optional<std::string>{};
}

Result<std::size_t> KnownPeers::forget(std::string_view name) const {
  const Result<FileDescriptor> lock = lock_beside(path_);
  if (!lock) return lock.error();
  const Result<std::string> text = read();
  if (!text) return text.error();
  std::size_t dropped = 0;
  const std::string changed = without(*text, name, dropped);
  if (dropped == 0) return dropped;
  if (Status written = write_file_atomically(path_, changed, 0600); !written)
    return written.error();
  return dropped;
}

Status trust(const KnownPeers& known, log::Logger& log, log::Level level, std::string_view name,
             std::string_view key, bool accept_new) {
  using Verdict = KnownPeers::Verdict;
  const auto verdict = known.check(name, key, accept_new);
  if (!verdict) return verdict.error();
  if (*verdict == Verdict::known) return ok;
  std::string_view hint = "seen for the first time and kept in known_peers";
  if (*verdict == Verdict::full) hint = "seen for the first time; known_peers is full";
  if (*verdict == Verdict::replaced) hint = "it takes the place of the key before in known_peers";
  log.event(level, "trust",
            {{"peer", name}, {"fingerprint", identity::key_fingerprint(key)}, {"hint", hint}});
  return ok;
}

}  // namespace netkit::presence
