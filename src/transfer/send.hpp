// Files on their way out, as frames: what a server does for get, a client for put, a peer for
// another. Small ones many in one go, large ones straight from the page cache.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "net/stream.hpp"
#include "transfer/leaf_cache.hpp"
#include "transfer/messages.hpp"
#include "transfer/offload.hpp"
#include "transfer/root.hpp"

namespace netkit::transfer {

/// What part of a file, and how.
struct Outgoing {
  std::shared_ptr<const OpenFile> file;
  std::uint32_t stream = 0;
  bool checked = true;      ///< Hashes go with it.
  std::uint64_t from = 0;   ///< A multiple of chunk_size if it is checked.
  std::uint64_t count = 0;  ///< 0: up to the end.
  bool goes_on = false;     ///< More of this file follows by another call: no `end` so far.
  bool hashes_only = false;
};

class Sender {
 public:
  struct Surroundings {
    std::span<char> memory;      ///< Shared by the connections of a thread.
    Offload* helpers = nullptr;  ///< Hash there; none: on the caller's thread.
    LeafCache* cache = nullptr;
    /// After each piece that went.
    std::function<void(std::size_t)> went;
    /// Waits until so many bytes may go; none: at once.
    std::function<asio::awaitable<void>(std::size_t)> pace;
    /// Asked before each chunk: whether the other side has refused that stream meanwhile.
    std::function<bool(std::uint32_t stream)> unwanted;
    /// At most so many bytes between two calls of `pace`.
    std::uint64_t pace_size = UINT64_MAX;
  };

  /// `stream` outlives it, and nobody else writes to it.
  Sender(net::Stream& stream, Surroundings surroundings)
      : stream_{stream}, around_{std::move(surroundings)} {}

  /// What goes before the next thing that is sent; flush() by whoever appends a lot.
  std::string& out() { return out_; }
  asio::awaitable<Status> flush();
  /// flush() if it is worth it.
  asio::awaitable<Status> flush_if_large();

  /// Data, chunk and end frames of one file. False: the file was another before it was over, or
  /// could not be read, and was given up (End): `why()` says so. An error is the stream's.
  asio::awaitable<Result<bool>> send(Outgoing outgoing);
  const Status& why() const { return why_; }

 private:
  class HashAhead;
  bool append_small(const Outgoing& outgoing, std::uint64_t size);
  void give_up(const Outgoing& outgoing, Status why);
  asio::awaitable<Status> send_data(const Outgoing& outgoing, std::uint64_t offset,
                                    std::uint32_t count);
  asio::awaitable<Status> send_zeros(std::uint64_t count);

  net::Stream& stream_;
  const Surroundings around_;
  std::string out_;
  Status why_ = ok;
};

}  // namespace netkit::transfer
