// A file that arrives: NAME.part until every byte of it has been checked, then NAME, whole or not
// at all. Receivers of all kinds write by this: the client, the server's uploads, peers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"
#include "transfer/root.hpp"

namespace netkit::transfer {

inline constexpr std::string_view part_suffix = ".part";
/// Of uploads that nobody can go on with, which leave alone what others can. No NAME ends in .part,
/// so that no NAME.part is called so.
inline constexpr std::string_view lone_part_suffix = ".part.part";

/// What to do about a NAME that is there already.
enum class Replace : std::uint8_t { never, always };

class PartFile {
 public:
  /// Creates NAME.part in `place`, or goes on with the one that is there if `resume`; else what it
  /// had is gone. Errc::busy if another writes it; EEXIST if NAME is there and `replace` is never;
  /// Errc::refused if either is no regular file.
  static Result<PartFile> open(Place place, Replace replace, bool resume);
  /// The same with a part of its own, which is nobody's to go on with.
  static Result<PartFile> open_lone(Place place, Replace replace);
  PartFile(PartFile&&) noexcept = default;
  PartFile& operator=(PartFile&&) noexcept = default;
  /// NAME.part stays for the next time, unless finish() or discard() came before.
  ~PartFile() = default;

  /// Bytes that were there when it was opened for resuming.
  std::uint64_t kept() const { return kept_; }
  int descriptor() const { return file_.get(); }
  const std::string& name() const { return place_.name; }
  const Place& place() const { return place_; }
  std::uint64_t device() const { return device_; }  ///< Its file system.

  /// All of `bytes` at `offset`, into the page cache. ENOSPC and the like pass through.
  Status write(std::uint64_t offset, std::string_view bytes);

  /// What NAME is to have. Bits beyond 0777 are dropped.
  struct Finish {
    std::uint64_t size = 0;
    std::optional<std::uint32_t> mode;
    std::optional<std::int64_t> mtime_ns;
    bool sync = true;  ///< False: the caller has synced the whole file system already.
  };
  /// Cuts to size, sets mode and time, fsync, rename, fsync of the folder. EEXIST if NAME has come
  /// meanwhile and is not to be replaced. Blocks.
  Status finish(const Finish& wish);
  /// The same in two steps, so that many files share one sync between them.
  Status prepare(const Finish& wish);
  Status put_in_place();
  /// NAME.part goes.
  void discard();

 private:
  static Result<PartFile> open_as(Place place, std::string part, Replace replace, bool resume);
  /// NAME.part is still this file.
  bool is_in_place() const;

  PartFile(Place place, std::string part, FileDescriptor file, Replace replace, std::uint64_t kept)
      : place_{std::move(place)},
        part_{std::move(part)},
        file_{std::move(file)},
        replace_{replace},
        kept_{kept} {}

  Place place_;
  std::string part_;  // Its name.
  FileDescriptor file_;
  Replace replace_;
  std::uint64_t kept_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

}  // namespace netkit::transfer
