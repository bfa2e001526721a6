// Messages of people and of the original's clients, one at a time: lines, or bodies with 64 byte
// lengths. Every server that takes both reads them by this.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "net/connection.hpp"
#include "wire/len64.hpp"
#include "wire/line.hpp"

namespace netkit::net {

class TextReader {
 public:
  /// `is_whole` says of a line that has no end so far whether it is one all the same when 200 ms of
  /// silence follow: a command word.
  TextReader(Connection& connection, bool len64, std::size_t size_max,
             std::function<bool(std::string_view)> is_whole)
      : connection_{connection},
        len64_{len64},
        lines_{size_max},
        bodies_{size_max},
        is_whole_{std::move(is_whole)} {}

  /// nullopt at the end. The view holds until the next call; what it showed is overwritten then.
  asio::awaitable<Result<std::optional<std::string_view>>> next();
  /// One that is there already; nullopt if next() would wait.
  Result<std::optional<std::string_view>> next_at_hand();
  /// The last one is no longer needed: its view ends, its bytes go.
  void done() { connection_.received().consume(std::exchange(used_, 0)); }

 private:
  using Message = std::optional<std::string_view>;
  Message rest();

  Connection& connection_;
  const bool len64_;
  wire::LineDecoder lines_;
  const wire::Len64Decoder bodies_;
  const std::function<bool(std::string_view)> is_whole_;
  std::size_t used_ = 0;
};

}  // namespace netkit::net
