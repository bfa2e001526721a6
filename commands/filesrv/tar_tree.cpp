// Walking, opening, and reading what is small.
#include "commands/filesrv/tar_tree.hpp"

#include <cerrno>
#include <unistd.h>

#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

constexpr std::uint64_t small_size_max = 64 * 1024;
/// A piece has not much more.
constexpr std::size_t piece_size = 256 * 1024;
/// Links and devices make no bytes, but cost a look each.
constexpr unsigned entries_in_a_row_max = 4096;

}  // namespace

void append_file(std::string& out, int file, std::uint64_t offset, std::size_t count) {
  const std::size_t begin = out.size();
  out.resize(begin + count);
  for (std::size_t done = 0; done < count;) {
    const ssize_t got =
        ::pread(file, out.data() + begin + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    done += static_cast<std::size_t>(got);
  }
}

Result<TarTree> TarTree::begin(const transfer::Root& root, std::string_view path,
                               std::string name) {
  transfer::WalkWish wish;
  wish.recursive = true;
  auto walk = transfer::Walk::begin(root, path, wish);
  if (!walk) return walk.error();
  return TarTree{std::move(*walk), path.empty() ? 0 : path.size() + 1, std::move(name)};
}

void TarTree::take(const transfer::Found& found, Piece& piece) {
  const std::string path =
      transfer::join_path(name_, std::string_view{found.path}.substr(folder_size_));
  if (found.facts.kind == transfer::Kind::folder) piece.bytes += tar_head(path, found.facts);
  if (found.facts.kind != transfer::Kind::file) return;
  auto opened = transfer::open_file_in(found.folder, found.name);
  if (!opened) return;
  piece.bytes += tar_head(path, opened->facts);
  const std::uint64_t size = opened->facts.size;
  if (size > small_size_max) {
    piece.large = std::move(*opened);
    return;
  }
  append_file(piece.bytes, opened->file.get(), 0, size);
  piece.bytes.append(tar_padding(size), '\0');
}

TarTree::Piece TarTree::next() {
  Piece piece;
  piece.ended = ended_;
  for (unsigned count = 0; count < entries_in_a_row_max; ++count) {
    if (ended_ || piece.large || piece.bytes.size() >= piece_size) break;
    const auto found = walk_.next();
    if (!found) continue;  // A folder that cannot be read; the walk goes on after it.
    if (*found) {
      take(**found, piece);
    } else {
      piece.bytes.append(tar_end_size, '\0');
      ended_ = true;
    }
  }
  return piece;
}

}  // namespace netkit::filesrv
