// A conversation in frames with a client of ours: requests one after the other, many of them on
// their way at a time; uploads as they come. One a connection, on its thread.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "commands/filesrv/depot.hpp"
#include "commands/filesrv/visitor.hpp"
#include "net/connection.hpp"
#include "transfer/messages.hpp"
#include "transfer/pieces.hpp"
#include "transfer/receive.hpp"
#include "transfer/send.hpp"
#include "transfer/walk.hpp"

namespace netkit::filesrv {

class FrameTalk {
 public:
  FrameTalk(Depot& depot, Visitor& visitor, net::Connection& connection);
  ~FrameTalk();
  FrameTalk(const FrameTalk&) = delete;
  FrameTalk& operator=(const FrameTalk&) = delete;

  /// Until the client leaves. An error is the connection's, or of bytes that make no sense.
  asio::awaitable<Status> run();

 private:
  struct Asked {
    std::uint32_t stream = 0;
    transfer::Request request;
  };
  struct Counts {
    std::uint64_t things = 0;
    std::uint64_t failed = 0;
  };
  /// One file that is being put.
  struct Upload {
    std::uint32_t stream = 0;
    transfer::Put put;
    std::optional<transfer::Incoming> file;  ///< None: it was refused, and what comes is let pass.
    std::uint64_t reserved = 0;
  };

  Result<net::Flow> take_at_hand();
  Result<net::Flow> take(const transfer::Piece& piece);
  asio::awaitable<Status> rest();

  // Of what is asked (frame_talk.cpp).
  asio::awaitable<Status> answer(Asked asked);
  asio::awaitable<Status> answer(std::uint32_t stream, const transfer::List& list);
  asio::awaitable<Status> answer(std::uint32_t stream, const transfer::Get& get);
  asio::awaitable<Status> answer(std::uint32_t stream, const transfer::Hashes& hashes);
  asio::awaitable<Status> answer(std::uint32_t stream, const transfer::Put& put);
  asio::awaitable<Status> answer(std::uint32_t stream, const transfer::Ask& ask);
  /// The paths below the share that are meant, and where it is.
  struct Meant {
    const Share* share = nullptr;
    std::vector<std::string> paths;
    bool pattern = false;
  };
  asio::awaitable<Result<Meant>> find(std::string_view verb, const std::string& path);
  asio::awaitable<Status> list_one(std::uint32_t stream, const Meant& meant,
                                   const std::string& path, bool recursive, Counts& counts);
  asio::awaitable<Status> give_one(std::uint32_t stream, const Meant& meant,
                                   const std::string& path, const transfer::Get& get,
                                   Counts& counts);
  asio::awaitable<Status> give_tree(std::uint32_t stream, const Share& share,
                                    const std::string& path, const transfer::Get& get,
                                    Counts& counts);
  asio::awaitable<Status> give_file(std::uint32_t stream, const Share& share,
                                    const std::string& path, std::size_t base,
                                    transfer::OpenFile file, const transfer::Get& get,
                                    Counts& counts);
  asio::awaitable<Status> follow(std::uint32_t stream, const Share& share, const std::string& path,
                                 std::shared_ptr<const transfer::OpenFile> file,
                                 std::uint64_t from);
  /// `base` counts in `path`, which is below the share.
  static constexpr std::size_t share_itself = SIZE_MAX;
  void append_entry(std::uint32_t stream, const Share& share, const std::string& path,
                    std::size_t base, const transfer::Facts& facts);
  void append_failed(std::uint32_t stream, const Share& share, const std::string& path,
                     const Error& why, Counts& counts);
  void refuse(std::uint32_t stream, const Error& why);

  // Of what is put (frame_upload.cpp).
  Status begin_upload(std::uint32_t stream, const transfer::Put& put);
  Status open_upload(Upload& upload);
  Status take_data(const transfer::Piece& piece);
  Status take_part(const wire::Frame& frame);
  void fail_upload(const Error& why);
  void end_upload();
  asio::awaitable<Status> tell_kept(std::uint32_t stream);
  asio::awaitable<Status> bring_in();

  Depot& depot_;
  Visitor& visitor_;
  net::Connection& connection_;
  Pace pace_;
  transfer::PieceDecoder decoder_;
  transfer::Sender sender_;
  std::optional<Asked> asked_;
  std::optional<Upload> upload_;
  transfer::Harvest harvest_;
  std::size_t taken_ = 0;  // Bytes of files since the pace was last asked.
};

}  // namespace netkit::filesrv
