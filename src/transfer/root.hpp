// A folder that is shared with peers. Every path of theirs is opened beneath its descriptor, held
// since the start, so that neither names nor links nor renames lead out of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/result.hpp"

namespace netkit::transfer {

enum class Kind : std::uint8_t { file, folder, link, other };

/// What is told of one thing in a folder.
struct Facts {
  Kind kind = Kind::other;
  std::uint32_t mode = 0;     ///< Permission bits, 07777.
  std::uint64_t size = 0;     ///< Bytes; 0 for all but files.
  std::int64_t mtime_ns = 0;  ///< Since 1970, UTC; the nearest that fits.
  /// Changes when the content may have: of inode, size, mtime and ctime. Never 0.
  std::uint64_t version = 0;
};
Facts facts_of(const struct stat& status);

/// A regular file, open for reading, with what fstat(2) said.
struct OpenFile {
  FileDescriptor file;
  Facts facts;
};

/// A folder and a name in it, which need not exist.
struct Place {
  FileDescriptor folder;
  std::string name;
  bool made = false;  ///< The folder is new: its own name is not on the disk yet.
};

/// All functions may be called by several threads at once. Paths are checked here once more.
/// Errors: Errc::malformed for a path that check_path() refuses; ENOENT, EACCES and others as the
/// system has them; Errc::refused for what leads out or through a link, and for what is neither a
/// file nor a folder. No error names the path.
class Root {
 public:
  /// How paths are resolved: openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or component
  /// by component with O_NOFOLLOW. Both refuse the same.
  enum class Way : std::uint8_t { automatic, openat2, walk };

  /// Errors name `folder`, as they are for the one who starts the program.
  static Result<Root> open(const std::string& folder, Way way = Way::automatic);

  /// openat2 or walk.
  Way way() const { return way_; }
  int descriptor() const { return root_.get(); }

  /// Never blocks on a FIFO and never opens a device.
  Result<OpenFile> open_file(std::string_view path) const;
  /// For reading its entries.
  Result<FileDescriptor> open_folder(std::string_view path) const;
  /// What is there, links not followed.
  Result<Facts> look(std::string_view path) const;
  /// The folder that `path` is in; Errc::malformed for the root itself.
  Result<Place> place(std::string_view path) const;
  /// The same, with the folders on the way made where they are missing, mode 0777 less the umask.
  Result<Place> make_place(std::string_view path) const;
  /// The folder itself, made with those on the way.
  Result<FileDescriptor> make_folder(std::string_view path) const;

 private:
  Root(FileDescriptor root, Way way) : root_{std::move(root)}, way_{way} {}
  Result<FileDescriptor> resolve(std::string_view path, int flags, const char* attempt) const;

  FileDescriptor root_;
  Way way_;
};

/// Opens `name` in `folder`, which is no path, for reading: a regular file or Errc::refused.
Result<OpenFile> open_file_in(int folder, const std::string& name);

}  // namespace netkit::transfer
