// Two halves on one connection.
#include "commands/presence/courier.hpp"

#include <algorithm>
#include <utility>

#include "cli/remote_error.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"
#include "wire/json.hpp"

namespace netkit::presence {
namespace {

constexpr std::size_t memory_size = 64 * 1024;
constexpr std::size_t answers_size_max = 64 * 1024;
/// So many chunks that the peer has are passed over between two signs of life.
constexpr std::uint64_t silent_chunks_max = 256;
/// What a peer said before it left is worth this wait.
constexpr std::chrono::nanoseconds last_words_limit = std::chrono::seconds{2};

Error not_understood() {
  return {Errc::unexpected, "talk to the peer", "its answer about a file makes no sense"};
}

Error error_of(const transfer::Refusal& refusal) {
  const auto json = wire::Json::parse(refusal.json, {.size_max = 16 * 1024, .depth_max = 4});
  return json ? cli::error_of(*json) : not_understood();
}

bool is_about_file(const wire::Frame& frame) {
  return frame.type == transfer::frame_type::have || frame.type == transfer::frame_type::stored ||
         (frame.type == wire::frame_type::error && frame.stream != 0);
}

}  // namespace

bool Courier::all_told() const {
  return std::ranges::all_of(parcels_, [](const Parcel& each) { return each.told.has_value(); });
}

asio::awaitable<Status> Courier::run(net::Stream& stream, Reader& reader, TalkMachine& machine) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  transfer::Offload helpers{1};
  helpers_ = &helpers;
  changed_ = std::make_unique<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  memory_.resize(memory_size);
  waiting_.clear();
  answers_.clear();
  sent_all_ = false;
  heard_ = ok;
  transfer::Sender::Surroundings around;
  around.memory = memory_;
  around.helpers = helpers_;
  around.went = [this, &stream](std::size_t bytes) {
    if (heard_) stream.expire_in(answer_limit_);
    if (watch_.went) watch_.went(bytes);
  };
  around.unwanted = [this](std::uint32_t number) { return !heard_ || is_told(number); };
  sender_.emplace(stream, std::move(around));
  std::vector<asio::awaitable<Status>> halves;
  halves.push_back(send_all(stream));
  halves.push_back(hear_all(stream, reader, machine));
  const Status ended = co_await net::together(std::move(halves));
  sender_.reset();
  // What the peer said against us is why the rest failed.
  if (!heard_ && heard_.error().code == Errc::refused) co_return heard_;
  co_return ended;
}

asio::awaitable<Status> Courier::send_all(net::Stream& stream) {
  Status sent = co_await send_each();
  sent_all_ = true;
  if (sent) {
    // Whoever hears may have nothing more to wait for: a question brings an answer.
    wire::append_frame(sender_->out(), {.type = wire::frame_type::ping, .body = {}});
    sent = co_await sender_->flush();
  }
  if (!sent) stream.expire_in(std::min(answer_limit_, last_words_limit));
  co_return sent;
}

asio::awaitable<Status> Courier::send_each() {
  for (Parcel& each : parcels_) {
    if (!heard_) co_return heard_;
    if (each.told) continue;
    sender_->out() += std::exchange(answers_, {});
    if (Status sent = co_await send_one(each); !sent) co_return sent;
  }
  co_return co_await sender_->flush();
}

asio::awaitable<Status> Courier::send_one(Parcel& parcel) {
  const std::uint32_t number = ++last_number_;
  transfer::Put put;
  put.resume = std::exchange(parcel.begun, true);
  put.mode = parcel.file->facts.mode;
  put.mtime_ns = parcel.file->facts.mtime_ns;
  put.size = parcel.size();
  put.path = parcel.name;
  waiting_[number] = &parcel;
  append(sender_->out(), number, put);
  if (put.resume) co_return co_await send_rest(parcel, number);
  if (watch_.begins) watch_.begins(parcel, 0);
  transfer::Outgoing outgoing;
  outgoing.file = parcel.file;
  outgoing.stream = number;
  const Result<bool> sent = co_await sender_->send(std::move(outgoing));
  if (!sent) co_return sent.error();
  // One that the peer has refused is told of already.
  if (!*sent && heard_ && !is_told(number)) settle(number, sender_->why());
  co_return heard_;
}

/// What the peer's NAME.part lacks, once it has told what that has.
asio::awaitable<Status> Courier::send_rest(Parcel& parcel, std::uint32_t number) {
  kept_.clear();
  kept_told_ = false;
  if (Status sent = co_await sender_->flush(); !sent) co_return sent;
  std::error_code woken;
  while (heard_ && !is_told(number) && !kept_told_)
    co_await changed_->async_wait(net::into(woken));
  if (!heard_) co_return heard_;
  if (is_told(number)) co_return ok;
  const std::vector<transfer::Hash> kept = std::exchange(kept_, {});
  const std::uint64_t there = kept.size() * std::uint64_t{transfer::chunk_size};
  if (watch_.begins) watch_.begins(parcel, std::min(there, parcel.size()));
  co_return co_await send_missing(parcel, number, kept);
}

asio::awaitable<Status> Courier::send_missing(Parcel& parcel, std::uint32_t number,
                                              const std::vector<transfer::Hash>& kept) {
  transfer::RootHasher root;
  root.begin(parcel.size());
  const std::uint64_t chunks = transfer::chunk_count(parcel.size());
  for (std::uint64_t index = 0; index < chunks && heard_ && !is_told(number); ++index) {
    const Result<transfer::Hash> ours = co_await hash(parcel, index);
    if (!ours) {
      give_up(number, ours.error());
      co_return co_await sender_->flush_if_large();
    }
    root.add(*ours);
    if (index < kept.size() && kept[index] == *ours) {
      if ((index + 1) % silent_chunks_max != 0) continue;
      wire::append_frame(sender_->out(), {.type = wire::frame_type::ping, .body = {}});
      if (Status sent = co_await sender_->flush(); !sent) co_return sent;
      continue;
    }
    transfer::Outgoing outgoing;
    outgoing.file = parcel.file;
    outgoing.stream = number;
    outgoing.from = index * transfer::chunk_size;
    outgoing.count = transfer::chunk_size;
    outgoing.goes_on = true;
    const Result<bool> sent = co_await sender_->send(std::move(outgoing));
    if (!sent) co_return sent.error();
    if (*sent) continue;
    if (heard_ && !is_told(number)) settle(number, sender_->why());
    co_return heard_;
  }
  if (!heard_) co_return heard_;
  const bool unwanted = is_told(number);
  append(sender_->out(), number,
         unwanted ? transfer::End{transfer::given_up, {}}
                  : transfer::End{parcel.size(), root.finish()});
  co_return co_await sender_->flush_if_large();
}

asio::awaitable<Result<transfer::Hash>> Courier::hash(const Parcel& parcel, std::uint64_t index) {
  const auto work = [file = parcel.file, index,
                     length = transfer::chunk_length(parcel.size(), index)] {
    return transfer::hash_chunk(file->file.get(), index * transfer::chunk_size, length);
  };
  co_return co_await helpers_->run(work);
}

void Courier::give_up(std::uint32_t number, const Error& why) {
  append(sender_->out(), number, transfer::End{transfer::given_up, {}});
  if (!is_told(number)) settle(number, why);
}

void Courier::settle(std::uint32_t number, Status outcome) {
  const auto found = waiting_.find(number);
  found->second->told = std::move(outcome);
  waiting_.erase(found);
}

asio::awaitable<Status> Courier::hear_all(net::Stream& stream, Reader& reader,
                                          TalkMachine& machine) {
  while (!(sent_all_ && waiting_.empty())) {
    const Result<transfer::Piece> piece = co_await reader.next(stream);
    heard_ = piece ? hear(*piece, machine) : Status{piece.error()};
    changed_->cancel();
    if (!heard_) {
      // What is being sent is not wanted any more.
      stream.expire_in(std::chrono::nanoseconds{0});
      co_return heard_;
    }
    stream.expire_in(answer_limit_);
  }
  co_return ok;
}

Status Courier::hear(const transfer::Piece& piece, TalkMachine& machine) {
  if (is_about_file(piece.frame)) return hear_answer(piece.frame);
  if (Status heard = machine.hear(piece.frame, answers_); !heard) return heard;
  if (machine.is_over()) return Error{Errc::closed, "talk to the peer", "it has left"};
  if (answers_.size() > answers_size_max)
    return Error{Errc::too_large, "answer the peer", "it asks too much"};
  return ok;
}

Status Courier::hear_answer(const wire::Frame& frame) {
  const Result<transfer::Answer> answer = transfer::decode_answer(frame);
  if (!answer) return answer.error();
  if (is_told(frame.stream)) return ok;  // We gave it up meanwhile.
  const Parcel& parcel = *waiting_[frame.stream];
  if (const auto* const have = std::get_if<transfer::Have>(&*answer)) {
    const std::uint64_t chunks = transfer::chunk_count(parcel.size());
    if (frame.stream != last_number_ || kept_told_ || have->first != kept_.size() ||
        have->hashes.size() > chunks - kept_.size())
      return not_understood();
    kept_.insert(kept_.end(), have->hashes.begin(), have->hashes.end());
    kept_told_ = have->last;
  } else if (const auto* const refusal = std::get_if<transfer::Refusal>(&*answer)) {
    settle(frame.stream, error_of(*refusal));
  } else {
    settle(frame.stream, ok);
  }
  return ok;
}

}  // namespace netkit::presence
