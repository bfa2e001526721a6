// Files on their way in: bytes and hashes of one file into its NAME.part, and many such files into
// their places with one sync between them. No sockets; blocks for the disk.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "transfer/messages.hpp"
#include "transfer/part_file.hpp"
#include "transfer/tree_hash.hpp"

namespace netkit::transfer {

/// One file that arrives. It is whole once each chunk has been checked against the hash that the
/// other side told, or the root has; with `checked` false once all bytes are there.
class Incoming {
 public:
  /// Where the hashes of the chunks are worked out: as a chunk ends, or by next_to_hash().
  enum class Hashing : std::uint8_t { here, elsewhere };
  Incoming(PartFile part, std::uint64_t size, bool checked, Hashing hashing = Hashing::here);

  /// Chunks that NAME.part had already and that are right: `hash` is theirs. Before any data.
  void take_kept(std::uint64_t index, const Hash& hash);
  /// In the order of offsets; only chunks that were kept may be passed over or come again. Errc::
  /// malformed else.
  Status take(std::uint64_t offset, std::string_view bytes);
  /// Errc::mismatch if what came is something else: that chunk has to be sent again.
  Status take(const Chunk& chunk);
  /// The other side has said all. Errc::mismatch if the bytes are not what it says or not all
  /// there; Errc::closed if it gave up. Not before all hashes are here.
  Status take(const End& end);

  /// Hashing elsewhere: the next chunk that lies whole in the part file and that nobody hashes yet.
  std::optional<std::uint64_t> next_to_hash();
  /// Its hash, in any order. Errc::mismatch if the other side told another one.
  Status hashed(std::uint64_t index, const Hash& hash);

  bool is_whole() const { return whole_; }
  std::uint64_t received() const { return received_; }  ///< Bytes taken by this.
  std::uint64_t size() const { return size_; }
  PartFile& part() { return part_; }

 private:
  /// `whole`: its bytes, if they came in one piece.
  Status end_chunk(std::string_view whole);
  /// What came of a chunk counts no more.
  void forget(std::uint64_t index);

  PartFile part_;
  const std::uint64_t size_;
  const bool checked_;
  const Hashing hashing_;
  std::deque<std::uint64_t> to_hash_;
  /// Chunks whose hash is not here yet; with what the other side said that it is.
  std::map<std::uint64_t, std::optional<Hash>> awaited_;
  std::uint64_t next_ = 0;  // Where the next byte goes; only within a chunk.
  bool in_chunk_ = false;
  std::uint64_t begin_ = 0;  // Where the bytes of this chunk began.
  std::uint64_t received_ = 0;
  std::uint64_t finished_ = 0;            // Chunks of which all bytes are there.
  std::vector<std::optional<Hash>> own_;  // Of each chunk, worked out here.
  std::uint64_t confirmed_ = 0;           // Chunks whose hash the other side has told.
  std::vector<bool> is_confirmed_;
  bool whole_ = false;
};

/// Files that are whole and wait to be put in their places together.
class Harvest {
 public:
  struct Stored {
    std::uint64_t tag;  ///< As it was added.
    Status outcome = ok;
    std::uint64_t version = 0;  ///< Of the file in its place.
    std::uint64_t size = 0;
  };

  void add(PartFile part, const PartFile::Finish& wish, std::uint64_t tag);
  /// A folder that was made: it is to be on the disk as well.
  void add_folder(FileDescriptor folder, std::uint64_t tag);
  bool empty() const { return files_.empty() && folders_.empty(); }
  /// Enough to be worth a sync.
  bool is_full() const {
    return files_.size() + folders_.size() >= files_max || bytes_ >= bytes_max;
  }
  /// Syncs, then renames, all of them; each has its own outcome. Blocks.
  std::vector<Stored> bring_in();

  static constexpr std::size_t files_max = 64;
  static constexpr std::uint64_t bytes_max = 64 * 1024 * 1024;

 private:
  struct File {
    PartFile part;
    PartFile::Finish wish;
    std::uint64_t tag;
  };
  struct Folder {
    FileDescriptor folder;
    std::uint64_t tag;
  };
  /// Each file system that something of this is on.
  Status sync_all() const;

  std::vector<File> files_;
  std::vector<Folder> folders_;
  std::uint64_t bytes_ = 0;
};

}  // namespace netkit::transfer
