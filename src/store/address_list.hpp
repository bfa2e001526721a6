// A list file (lista, wylacz) that people, scripts and servers change at the same time: read whole,
// replaced atomically under locks that flock(1) can take, appended lines never lost. Blocking.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "store/address_text.hpp"

namespace netkit::store {

/// One list. Not for several threads; several processes, or several objects, are fine.
///
/// Scripts that read and rewrite the file should hold PATH.lock (`flock PATH.lock COMMAND`), which
/// stays the same file; a lock on PATH itself is respected too, but update() replaces that file.
/// `echo ADDRESS >> PATH` needs no lock.
class AddressList {
 public:
  /// Text in, text out. May be called more than once for one update(); only the last call counts.
  using Edit = std::function<std::string(std::string_view text)>;

  struct Updated {
    bool changed = false;
    std::string before;  ///< What the last call of the edit was given.
    std::string after;   ///< What it made of that.
  };

  explicit AddressList(std::string path,
                       std::chrono::milliseconds lock_limit = std::chrono::seconds{2})
      : path_{std::move(path)}, lock_limit_{lock_limit} {}

  const std::string& path() const { return path_; }

  /// The whole text, without a lock; empty if there is no file. Errc::too_large past 1 MiB.
  Result<std::string> read() const;

  /// Reads, edits and replaces the file, all under the locks; an unchanged text is not written.
  /// Mode and owner stay, a missing file is created with mode 0644, a symbolic link's target is
  /// replaced. Errc::busy if the locks are not had within the limit. After an error the old file
  /// stands. Looks at the replaced files first and last, as rescue() does.
  Result<Updated> update(const Edit& edit);

  /// Somebody who opened the file before it was replaced may write into the old one. Moves such
  /// lines to the new file. Call it about 100 ms and 1 s after an update() that changed something,
  /// and now and then while rescue_pending(). True if it found something. After an error (a full
  /// disk, a lock not had) it is tried again by the next call.
  Result<bool> rescue();
  /// True while a replaced file is looked after: for at least a second, and then until nobody has
  /// it open for writing (64 such files at most).
  bool rescue_pending() const { return !retired_.empty(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Snapshot;

  /// A file that was replaced, open for reading, with what of it is known already.
  struct Retired {
    FileDescriptor file;
    std::string known;
    Clock::time_point since;
  };

  Result<FileDescriptor> lock(Clock::time_point until) const;
  Result<Snapshot> take_snapshot(const std::string& target, Clock::time_point until) const;
  Result<bool> try_update(const std::string& target, const Edit& edit, Clock::time_point until,
                          bool last_try, Updated& updated);
  Result<bool> put_in_place(Snapshot& old, const std::string& fresh_path, const Updated& updated);
  Result<bool> replace(Snapshot& old, const std::string& fresh_path, const Updated& updated);
  void retire(FileDescriptor file, std::string known);
  Result<bool> rescue_locked(const std::string& target, Clock::time_point until);
  Result<bool> rescue_from(Retired& retired, const std::string& target, Clock::time_point until);

  std::string path_;
  std::chrono::milliseconds lock_limit_;
  std::vector<Retired> retired_;
};

}  // namespace netkit::store
