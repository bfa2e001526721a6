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
#include "transfer/intake.hpp"
#include "transfer/messages.hpp"
#include "transfer/pieces.hpp"
#include "transfer/send.hpp"
#include "transfer/walk.hpp"

namespace netkit::filesrv {

class FrameTalk final : private transfer::Intake::Owner {
 public:
  FrameTalk(Depot& depot, Visitor& visitor, net::Connection& connection);
  ~FrameTalk();
  FrameTalk(const FrameTalk&) = delete;
  FrameTalk& operator=(const FrameTalk&) = delete;

  /// Until the client leaves. An error is the connection's, or of bytes that make no sense.
  asio::awaitable<Status> run();
  /// What was whole by then is stored all the same, and told to the log. After run().
  asio::awaitable<Status> settle() { return intake_.settle(); }

 private:
  struct Asked {
    std::uint32_t stream = 0;
    transfer::Request request;
  };
  struct Counts {
    std::uint64_t things = 0;
    std::uint64_t failed = 0;
  };

  Result<net::Flow> take_at_hand();
  Result<net::Flow> take(const transfer::Piece& piece);
  asio::awaitable<Status> rest(bool last);

  // Of what is asked (frame_talk.cpp).
  asio::awaitable<Status> answer(Asked asked);
  asio::awaitable<Status> answer(std::uint32_t stream, const transfer::List& list);
  asio::awaitable<Status> answer(std::uint32_t stream, const transfer::Get& get);
  asio::awaitable<Status> answer(std::uint32_t stream, const transfer::Hashes& hashes);
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
                                 std::size_t base, std::shared_ptr<const transfer::OpenFile> file);
  /// `base` counts in `path`, which is below the share.
  static constexpr std::size_t share_itself = SIZE_MAX;
  void append_entry(std::uint32_t stream, const Share& share, const std::string& path,
                    std::size_t base, const transfer::Facts& facts);
  void append_failed(std::uint32_t stream, const Share& share, const std::string& path,
                     const Error& why, Counts& counts);

  // Of what is put (frame_upload.cpp).
  Result<transfer::Place> admit(const transfer::Put& file) override;
  Status make_room(std::uint64_t bytes) override { return depot_.reserve(0, bytes); }
  Result<FileDescriptor> make_folder(const transfer::Put& folder) override;
  bool is_there(const transfer::Put&) const override { return false; }
  void stored(const transfer::Put& file) override;
  void refuse(std::uint32_t stream, const Error& why) override;
  std::string& out() override { return sender_.out(); }
  asio::awaitable<Status> flush() override { return sender_.flush(); }
  asio::awaitable<Status> flush_if_large() override { return sender_.flush_if_large(); }
  /// Where that is, if it may be put.
  Result<Located> locate(const transfer::Put& put) const;

  Depot& depot_;
  Visitor& visitor_;
  net::Connection& connection_;
  Pace pace_;
  transfer::PieceDecoder decoder_;
  transfer::Sender sender_;
  std::optional<Asked> asked_;
  transfer::Intake intake_;
  std::size_t taken_ = 0;  // Bytes of files since the pace was last asked.
};

}  // namespace netkit::filesrv
