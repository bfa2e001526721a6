// Chunks and their hashes side by side: while one is sent, the helpers hash it and the next.
#include "transfer/send.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>

#include "net/send_file.hpp"
#include "net/together.hpp"
#include "transfer/hash_jobs.hpp"

namespace netkit::transfer {
namespace {

/// Files up to this size are read into memory and go many at a time.
constexpr std::uint64_t small_size_max = 128 * 1024;
constexpr std::size_t flush_size = 256 * 1024;
/// Chunks that are hashed ahead of the one that is awaited.
constexpr std::size_t ahead_max = 2;
/// Hashes without data between two signs of life.
constexpr std::uint64_t shown_hashes = 64;

/// ok if it is still what it was when it was opened.
Status unchanged(const OpenFile& file) {
  struct stat now;
  if (fstat(file.file.get(), &now) != 0) return errno_error("look at the file");
  if (facts_of(now).version == file.facts.version) return ok;
  return Error{Errc::mismatch, "send the file", "it changed while it was read: try again"};
}

}  // namespace

/// The hashes of a file's chunks in their order, worked out before they are needed.
class Sender::HashAhead {
 public:
  HashAhead(const Surroundings& around, const Outgoing& outgoing, std::uint64_t first,
            std::uint64_t last, asio::any_io_executor executor)
      : around_{around},
        file_{outgoing.file},
        next_{first},
        last_{last},
        jobs_{around.helpers, std::move(executor)} {}

  /// Of the next chunk.
  asio::awaitable<Result<Hash>> next() {
    begin();
    co_await jobs_.ready();
    HashedChunk hashed = jobs_.take();
    if (hashed.hash && around_.cache && !hashed.known)
      around_.cache->add(file_->facts.version, hashed.index, *hashed.hash);
    co_return std::move(hashed.hash);
  }

  void begin() {
    while (jobs_.size() < ahead_max && next_ < last_)
      begin(next_++);
  }

 private:
  void begin(std::uint64_t index) {
    if (around_.cache) {
      if (const auto known = around_.cache->find(file_->facts.version, index)) {
        jobs_.add({index, true, *known});
        return;
      }
    }
    jobs_.start([file = file_, index] {
      return HashedChunk{
          index, false,
          hash_chunk(file->file.get(), index * chunk_size, chunk_length(file->facts.size, index))};
    });
  }

  const Surroundings& around_;
  const std::shared_ptr<const OpenFile> file_;
  std::uint64_t next_;
  const std::uint64_t last_;
  HashJobs jobs_;
};

asio::awaitable<Status> Sender::flush() {
  if (out_.empty()) co_return ok;
  if (around_.pace) co_await around_.pace(out_.size());
  Status sent = co_await stream_.write(out_);
  if (around_.went) around_.went(out_.size());
  // What one batch needed the next one needs, too; a connection that has none keeps none.
  out_.clear();
  co_return sent;
}

asio::awaitable<Status> Sender::flush_if_large() {
  if (out_.size() < flush_size) co_return ok;
  if (Status sent = co_await flush(); !sent) co_return sent;
  // A peer that reads as fast as we write is not to keep the thread for itself.
  co_await net::give_turn();
  co_return ok;
}

void Sender::give_up(const Outgoing& outgoing, Status why) {
  why_ = std::move(why);
  append(out_, outgoing.stream, End{.size = given_up, .root = {}});
}

bool Sender::append_small(const Outgoing& outgoing, std::uint64_t size) {
  const std::size_t begin = out_.size();
  if (size > 0) append_data_head(out_, outgoing.stream, 0, static_cast<std::uint32_t>(size));
  const std::size_t at = out_.size();
  out_.resize(at + size);
  std::size_t got = 0;
  while (got < size) {
    const ssize_t count = pread(outgoing.file->file.get(), out_.data() + at + got, size - got,
                                static_cast<off_t>(got));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    got += static_cast<std::size_t>(count);
  }
  Status same = unchanged(*outgoing.file);
  if (got < size || !same) {
    out_.resize(begin);
    if (same) same = Error{Errc::mismatch, "read the file", "it became shorter"};
    give_up(outgoing, std::move(same));
    return false;
  }
  End end{.size = size, .root = {}};
  if (outgoing.checked) {
    thread_local RootHasher root;
    root.begin(size);
    if (size > 0) root.add(hash_of_chunk(std::string_view{out_}.substr(at)));
    end.root = root.finish();
  }
  append(out_, outgoing.stream, end);
  return true;
}

asio::awaitable<Status> Sender::send_zeros(std::uint64_t count) {
  const std::string zeros(std::min<std::uint64_t>(count, 64 * 1024), '\0');
  while (count > 0) {
    const std::size_t size = std::min<std::uint64_t>(count, zeros.size());
    Status sent = co_await stream_.write(std::string_view{zeros}.substr(0, size));
    if (!sent) co_return sent;
    count -= size;
  }
  co_return ok;
}

/// One data frame. What the file does not have any more is sent as zeros, so that the frame is
/// whole; that it is wrong is told after it.
asio::awaitable<Status> Sender::send_data(const Outgoing& outgoing, std::uint64_t offset,
                                          std::uint32_t count) {
  append_data_head(out_, outgoing.stream, offset, count);
  if (Status sent = co_await flush(); !sent) co_return sent;
  std::uint64_t left = count;
  while (left > 0) {
    const std::uint64_t size = std::min(left, around_.pace_size);
    if (around_.pace) co_await around_.pace(size);
    net::FileSlice slice;
    slice.file = outgoing.file->file.get();
    slice.offset = offset;
    slice.count = size;
    const Result<std::uint64_t> sent =
        co_await net::send_file(stream_, slice, around_.memory, around_.went);
    if (!sent) co_return sent.error();
    offset += *sent;
    left -= *sent;
    if (*sent < size) co_return co_await send_zeros(left);
  }
  co_return ok;
}

asio::awaitable<Result<bool>> Sender::send(Outgoing outgoing) {
  why_ = ok;
  const std::uint64_t size = outgoing.file->facts.size;
  const std::uint64_t end =
      outgoing.count == 0 ? size : std::min(size, outgoing.from + outgoing.count);
  const bool whole = outgoing.from == 0 && end == size && !outgoing.goes_on;
  if (whole && size <= small_size_max && !outgoing.hashes_only) {
    const bool sent = append_small(outgoing, size);
    if (Status flushed = co_await flush_if_large(); !flushed) co_return flushed.error();
    co_return sent;
  }
  const std::uint64_t first = outgoing.from / chunk_size;
  const std::uint64_t last = end == 0 ? 0 : (end - 1) / chunk_size + 1;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  HashAhead hashes{around_, outgoing, first, last, executor};
  RootHasher root;
  if (whole) root.begin(size);
  for (std::uint64_t offset = outgoing.from; offset < end;) {
    const std::uint64_t index = offset / chunk_size;
    const auto count = static_cast<std::uint32_t>(std::min(end, (index + 1) * chunk_size) - offset);
    if (around_.unwanted && around_.unwanted(outgoing.stream)) {
      give_up(outgoing, Error{Errc::refused, "send the file"});
      co_return false;
    }
    if (outgoing.checked) hashes.begin();
    if (!outgoing.hashes_only)
      if (Status sent = co_await send_data(outgoing, offset, count); !sent) co_return sent.error();
    offset += count;
    if (outgoing.checked) {
      const Result<Hash> hash = co_await hashes.next();
      if (!hash) {
        give_up(outgoing, hash.error());
        co_return false;
      }
      append(out_, outgoing.stream, Chunk{index, *hash});
      if (whole) root.add(*hash);
    }
    // Whoever waits for hashes alone is to see that they are worked out.
    const bool shows = outgoing.hashes_only && index % shown_hashes == shown_hashes - 1;
    Status flushed = ok;
    if (shows)
      flushed = co_await flush();
    else
      flushed = co_await flush_if_large();
    if (!flushed) co_return flushed.error();
    co_await net::give_turn();
  }
  // A file that is followed is one that grows.
  const bool follows = outgoing.goes_on && !outgoing.checked;
  if (Status same = follows ? Status{ok} : unchanged(*outgoing.file); !same) {
    give_up(outgoing, std::move(same));
    co_return false;
  }
  if (!outgoing.goes_on) {
    End over{.size = size, .root = {}};
    if (whole && outgoing.checked) over.root = root.finish();
    append(out_, outgoing.stream, over);
  }
  if (Status flushed = co_await flush_if_large(); !flushed) co_return flushed.error();
  co_return true;
}

}  // namespace netkit::transfer
