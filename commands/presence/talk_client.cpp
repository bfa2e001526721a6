// From address to address, and the conversation at each.
#include "commands/presence/talk_client.hpp"

#include <algorithm>
#include <utility>

#include "base/hex.hpp"
#include "base/random.hpp"
#include "commands/presence/message.hpp"
#include "commands/presence/talk_machine.hpp"
#include "commands/presence/talk_memory.hpp"
#include "net/connect.hpp"
#include "net/message_reader.hpp"

namespace netkit::presence {
namespace {

using Reader = Courier::Reader;

/// What may be under way unacknowledged: the other side never waits for us to read.
constexpr std::size_t unacknowledged_max = 64;
constexpr std::size_t batch_size_max = 256 * 1024;

class Sender final : public TalkMachine::Hearer {
 public:
  explicit Sender(const SendPlan& plan);

  asio::awaitable<SendReport> run();

  Status meet(const Announcement& peer) override;
  Status deliver(const Announcement&, const Say&) override {
    return Error{Errc::refused, "take messages: this peer only sends"};
  }
  void acknowledged(std::uint64_t id) override;

 private:
  asio::awaitable<Status> visit(const net::Endpoint& to);
  asio::awaitable<Status> converse(net::Stream& stream, TalkMachine& machine);
  Result<net::TlsContext> tls() const;
  void say_more(std::string& out);
  bool all_said() const { return left_ == 0; }
  bool all_settled() const { return all_said() && courier_.all_told(); }

  const SendPlan& plan_;
  const std::uint64_t first_id_;
  TalkMemory memory_;
  SendReport report_;
  Courier courier_;
  std::vector<bool> settled_;  // By text: delivered, or none that can be sent.
  std::size_t left_ = 0;       // Those that are not.
  std::size_t next_ = 0;       // In this conversation: what is said next.
  std::size_t waiting_ = 0;    // In this conversation: said and not acknowledged.
  bool progressed_ = false;
};

Sender::Sender(const SendPlan& plan)
    : plan_{plan},
      first_id_{plan.first_id != 0 ? plan.first_id : random_u64()},
      courier_{report_.parcels, plan.watch, plan.answer_limit},
      settled_(plan.texts.size(), false) {
  report_.parcels = plan_.parcels;
  for (std::size_t i = 0; i < plan_.texts.size(); ++i) {
    Status fits = check_text(plan_.texts[i]);
    settled_[i] = !fits;
    if (fits) ++left_;
    report_.texts.push_back(std::move(fits));
  }
}

asio::awaitable<SendReport> Sender::run() {
  Status why = Error{Errc::not_found, "reach the peer", "no address of it is known"};
  for (const std::string& address : plan_.addresses) {
    if (all_settled()) break;
    const net::Endpoint to{
        .scheme = net::Scheme::tls, .host = address, .port = plan_.port, .path = {}};
    next_ = waiting_ = 0;
    Status ended = co_await visit(to);
    if (ended) continue;
    // What a peer has against us says more than that nobody is at another address.
    const bool told_more = !why && why.error().code == Errc::refused;
    const bool final = report_.peer && ended.error().code == Errc::refused;
    if (!told_more || final) why = std::move(ended);
    if (final) break;
  }
  for (std::size_t i = 0; i < settled_.size(); ++i)
    if (!settled_[i]) report_.texts[i] = why;
  if (!all_settled()) report_.ended = why;
  co_return std::move(report_);
}

Result<net::TlsContext> Sender::tls() const {
  return net::TlsContext::client([wanted = plan_.certificate](const std::string& shown) -> Status {
    if (wanted.empty() || shown.ends_with(to_hex(wanted))) return ok;
    return Error{Errc::refused, "trust the peer", "it shows another certificate than announced"};
  });
}

asio::awaitable<Status> Sender::visit(const net::Endpoint& to) {
  const Result<net::TlsContext> context = tls();
  if (!context) co_return context.error();
  const std::optional<net::TlsContext> given{*context};
  Result<net::Stream> stream = co_await net::connect(to, given, plan_.connect_limit);
  if (!stream) co_return stream.error();
  const std::string certificate =
      from_hex(stream->server_mark(net::TlsSession::Side::client)).value_or("");
  TalkSelf self{.pair = plan_.pair, .said = plan_.own, .nonce = random_u64()};
  TalkMachine machine{TalkMachine::Role::opener, std::move(self), certificate, memory_, *this};
  machine.expect(plan_.key);
  Status ended = co_await converse(*stream, machine);
  if (ended || ended.error().code.category() == category())
    co_await stream->close();
  else
    stream->abort();
  co_return ended;
}

asio::awaitable<Status> Sender::converse(net::Stream& stream, TalkMachine& machine) {
  stream.expire_in(std::min<std::chrono::nanoseconds>(net::handshake_limit, plan_.answer_limit));
  Reader reader{transfer::PieceDecoder{talk_frame_size_max},
                talk_frame_size_max + wire::frame_header_size};
  std::string out;
  machine.begin(out);
  for (;;) {
    if (all_settled()) wire::append_frame(out, {.type = wire::frame_type::goodbye, .body = {}});
    if (!out.empty()) {
      Status sent = co_await stream.write(out);
      if (!sent) co_return sent;
      out.clear();
    }
    if (all_settled()) co_return ok;
    if (all_said() && machine.is_open()) {
      Status sent = co_await courier_.run(stream, reader, machine);
      if (!sent) co_return sent;
      continue;
    }
    const Result<transfer::Piece> piece = co_await reader.next(stream);
    if (!piece) co_return piece.error();
    const bool was_open = machine.is_open();
    progressed_ = false;
    const Status heard = machine.hear(piece->frame, out);
    if (!heard) {
      if (machine.was_refused()) co_return heard;
      append_refusal(out, heard.error());
      const Status told = co_await stream.write(out);
      static_cast<void>(told);  // What went wrong first is what counts.
      co_return heard;
    }
    if (machine.is_over()) co_return Error{Errc::closed, "talk to the peer", "it has left"};
    if (machine.is_open() && (!was_open || progressed_)) stream.expire_in(plan_.answer_limit);
    if (machine.is_open()) say_more(out);
  }
}

Status Sender::meet(const Announcement& peer) {
  if (Status met = plan_.meet(peer); !met) return met;
  report_.peer = peer;
  return ok;
}

void Sender::acknowledged(std::uint64_t id) {
  const std::uint64_t index = id - first_id_;
  // Only what was said here, and once.
  if (index >= next_ || settled_[index]) return;
  settled_[index] = progressed_ = true;
  --left_;
  --waiting_;
}

void Sender::say_more(std::string& out) {
  for (; next_ < settled_.size() && waiting_ < unacknowledged_max && out.size() < batch_size_max;
       ++next_) {
    if (settled_[next_]) continue;
    append_say(out,
               {.id = first_id_ + next_, .time_ms = plan_.time_ms, .text = plan_.texts[next_]});
    ++waiting_;
  }
}

}  // namespace

bool SendReport::all_delivered() const {
  return bool{outcome()};
}

Status SendReport::outcome() const {
  for (const Status& each : texts)
    if (!each) return each;
  for (const Parcel& each : parcels)
    if (each.told && !*each.told) return *each.told;
  return ended;
}

asio::awaitable<SendReport> send_messages(const SendPlan& plan) {
  Sender sender{plan};
  co_return co_await sender.run();
}

}  // namespace netkit::presence
