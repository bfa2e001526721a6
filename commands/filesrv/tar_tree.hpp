// Reads a tree into the pieces of a tar archive, small files many at a time. Runs on a helper's
// thread: it waits for the disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "commands/filesrv/tar_stream.hpp"
#include "transfer/walk.hpp"

namespace netkit::filesrv {

class TarTree {
 public:
  /// What is in `path` below `root`, called `name` in the archive.
  static Result<TarTree> begin(const transfer::Root& root, std::string_view path, std::string name);

  /// What comes next in the archive. An empty one that is not the end: others should have their
  /// turn on this thread.
  struct Piece {
    std::string bytes;
    bool ended = false;  ///< All came before.
    /// Its bytes and tar_padding() follow: it is too large to be read here. Its size is announced
    /// by then.
    std::optional<transfer::OpenFile> large;
  };
  /// Links and what cannot be opened are left out. A file that became shorter ends in zeros.
  Piece next();

 private:
  TarTree(transfer::Walk walk, std::size_t folder_size, std::string name)
      : walk_{std::move(walk)}, folder_size_{folder_size}, name_{std::move(name)} {}
  void take(const transfer::Found& found, Piece& piece);

  transfer::Walk walk_;
  std::size_t folder_size_;  // Bytes of a path that lead to the folder.
  std::string name_;
  bool ended_ = false;
};

/// Reads so many bytes at `offset`; what is not there any more is zeros. Blocks.
void append_file(std::string& out, int file, std::uint64_t offset, std::size_t count);

}  // namespace netkit::filesrv
