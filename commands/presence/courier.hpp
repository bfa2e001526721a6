// Files on an open conversation: one half sends them one after the other, the other hears what
// became of each. Used by the client of conversations once its texts are delivered.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "commands/presence/parcel.hpp"
#include "commands/presence/talk_machine.hpp"
#include "net/message_reader.hpp"
#include "net/stream.hpp"
#include "transfer/messages.hpp"
#include "transfer/offload.hpp"
#include "transfer/pieces.hpp"
#include "transfer/send.hpp"

namespace netkit::presence {

/// Who is shown how far it is. Either may be empty.
struct ParcelWatch {
  /// It is begun, or gone on with where so many bytes are there.
  std::function<void(const Parcel& parcel, std::uint64_t kept)> begins;
  std::function<void(std::size_t bytes)> went;
};

class Courier {
 public:
  using Reader = net::MessageReader<transfer::PieceDecoder>;

  /// `parcels` and `watch` outlive it.
  Courier(std::vector<Parcel>& parcels, const ParcelWatch& watch,
          std::chrono::nanoseconds answer_limit)
      : parcels_{parcels}, watch_{watch}, answer_limit_{answer_limit} {}

  bool all_told() const;
  /// Until each parcel is told of. An error ends the conversation: what is not told of may have
  /// come all the same, and goes on in the next one. Nobody else writes to `stream` meanwhile.
  asio::awaitable<Status> run(net::Stream& stream, Reader& reader, TalkMachine& machine);

 private:
  asio::awaitable<Status> send_all(net::Stream& stream);
  asio::awaitable<Status> send_each();
  asio::awaitable<Status> send_one(Parcel& parcel);
  asio::awaitable<Status> send_rest(Parcel& parcel, std::uint32_t number);
  asio::awaitable<Status> send_missing(Parcel& parcel, std::uint32_t number,
                                       const std::vector<transfer::Hash>& kept);
  asio::awaitable<Status> hear_all(net::Stream& stream, Reader& reader, TalkMachine& machine);
  Status hear(const transfer::Piece& piece, TalkMachine& machine);
  Status hear_answer(const wire::Frame& frame);
  asio::awaitable<Result<transfer::Hash>> hash(const Parcel& parcel, std::uint64_t index);
  void give_up(std::uint32_t number, const Error& why);
  void settle(std::uint32_t number, Status outcome);
  /// True if the peer has told what became of it.
  bool is_told(std::uint32_t number) const { return !waiting_.contains(number); }

  std::vector<Parcel>& parcels_;
  const ParcelWatch& watch_;
  const std::chrono::nanoseconds answer_limit_;
  std::vector<char> memory_;

  // Of one conversation.
  transfer::Offload* helpers_ = nullptr;  // Of run(): they go before its executor does.
  std::optional<transfer::Sender> sender_;
  std::uint32_t last_number_ = 0;
  std::map<std::uint32_t, Parcel*> waiting_;  // By stream: the peer has not told of them yet.
  std::vector<transfer::Hash> kept_;          // Of the parcel that goes on: what the peer has.
  bool kept_told_ = false;
  std::string answers_;                          // To questions of the peer's.
  std::unique_ptr<asio::steady_timer> changed_;  // Never fires; cancelled when something is heard.
  bool sent_all_ = false;
  Status heard_ = ok;  // How the half ended that hears.
};

}  // namespace netkit::presence
