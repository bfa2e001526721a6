// Frames: what services ask about tokens, answered in the batch it came in, and the requests of
// people's clients, which may take as long as a hash.
#include <unordered_set>

#include "access/protocol.hpp"
#include "commands/auth/conversation.hpp"
#include "commands/auth/reception.hpp"
#include "commands/auth/source_block.hpp"
#include "identity/ticket.hpp"
#include "net/worker.hpp"

namespace netkit::auth {
namespace {

using net::Flow;

/// What may wait for a peer that does not read: the answers to everything it may have asked.
constexpr std::size_t waiting_size_max = 4 * 1024 * 1024;

/// As many sessions as a guard remembers.
constexpr std::size_t by_token_max = 100'000;

/// Whether asking again may help.
access::Denial denial_of(const Error& failure) {
  const bool final = failure.code == Errc::refused || failure.code == Errc::not_found;
  return final ? access::Denial::unknown : access::Denial::not_now;
}

/// One connection's frames.
class FrameDialect {
 public:
  FrameDialect(Office& office, const Caller& caller, net::Connection& connection)
      : office_{office},
        caller_{caller},
        connection_{connection},
        outlet_{connection, waiting_size_max},
        talk_{std::make_shared<Conversation>(
            office, caller, connection.worker().io().get_executor(), say_by(outlet_.get()))} {}
  ~FrameDialect() {
    talk_->drop();
    if (asked_) office_.followers().remove(outlet_.get());
  }

  Result<Flow> hear(const wire::Frame& frame, std::string& out);
  asio::awaitable<void> finish() { return talk_->finish(); }

 private:
  static Conversation::Say say_by(std::shared_ptr<net::Outlet> outlet);
  Status greet(const wire::Frame& frame, std::string& out);
  void check(std::uint32_t stream, const access::Check& check, std::string& out);
  void check_ticket(std::uint32_t stream, const access::CheckTicket& check, std::string& out);
  void note_used(const access::Used& used);
  void grant(std::uint32_t stream, const LiveSession& session, std::string& out);
  void spend(std::uint32_t stream, identity::Ticket ticket, SessionIndex::Found holder);
  void follow();
  Time now();

  Office& office_;
  const Caller caller_;
  net::Connection& connection_;
  net::OutletGuard outlet_;
  const std::shared_ptr<Conversation> talk_;
  /// The sessions whose own tokens were shown here: who bears a ticket is not to say where its
  /// holder's session is used.
  std::unordered_set<std::string> by_token_;
  std::shared_ptr<Asked> asked_;  // None before the first question about a session.
  InFlight spends_{spends_per_connection_max};
  bool greeted_ = false;
};

Conversation::Say FrameDialect::say_by(std::shared_ptr<net::Outlet> outlet) {
  return [outlet = std::move(outlet)](std::uint32_t stream, std::string_view answer) {
    std::string bytes;
    wire::append_frame(bytes, {.type = frame_type::answer, .stream = stream, .body = answer});
    // A token that waits for its peer is overwritten once it is sent.
    const auto kept = std::make_shared<const identity::Secret>(std::move(bytes));
    outlet->run([kept](net::Connection& connection) {
      if (!connection.post(kept->view(), waiting_size_max)) connection.stream().abort();
    });
  };
}

Status FrameDialect::greet(const wire::Frame& frame, std::string& out) {
  if (frame.type != wire::frame_type::hello)
    return Error{Errc::unexpected, "take a frame before the hello"};
  greeted_ = true;
  connection_.touch();
  access::append_hello(out, office_.settings().server_name);
  return ok;
}

Result<Flow> FrameDialect::hear(const wire::Frame& frame, std::string& out) {
  if (!greeted_) {
    if (Status greeted = greet(frame, out); !greeted) return greeted.error();
    return Flow::go_on;
  }
  switch (frame.type) {
    case wire::frame_type::ping:
      wire::append_frame(out, {.type = wire::frame_type::pong,
                               .flags = frame.flags,
                               .stream = frame.stream,
                               .body = frame.body});
      return Flow::go_on;
    case wire::frame_type::pong: return Flow::go_on;
    case wire::frame_type::goodbye: return Flow::finish;
    case frame_type::request:
      if (Status taken = talk_->hear(frame.stream, frame.body); !taken) return taken.error();
      return Flow::go_on;
    default: break;
  }
  const Result<access::ToAuth> question = access::decode_to_auth(frame);
  if (!question) return question.error();
  if (const auto* const asked = std::get_if<access::Check>(&*question))
    check(frame.stream, *asked, out);
  else if (const auto* const ticket = std::get_if<access::CheckTicket>(&*question))
    check_ticket(frame.stream, *ticket, out);
  else if (const auto* const used = std::get_if<access::Used>(&*question))
    note_used(*used);
  return Flow::go_on;
}

Time FrameDialect::now() {
  return office_.now();
}

void FrameDialect::follow() {
  if (asked_) return;
  asked_ = std::make_shared<Asked>();
  office_.followers().add(outlet_.get(), asked_);
}

void FrameDialect::grant(std::uint32_t stream, const LiveSession& session, std::string& out) {
  asked_->add(session.id_bytes());
  const std::size_t begin = out.size();
  out += session.grant;
  store_be(out.data() + begin + 8, stream);  // As wire/frame.hpp has it.
}

void FrameDialect::check(std::uint32_t stream, const access::Check& asked, std::string& out) {
  follow();
  const SessionIndex::Found found = office_.index().find(asked.token_hash, now());
  if (found) {
    if (by_token_.size() < by_token_max) by_token_.emplace(found->id_bytes());
    grant(stream, *found, out);
  } else {
    access::append_denied(out, stream, access::Denial::unknown, "it is unknown or has ended");
  }
}

void FrameDialect::check_ticket(std::uint32_t stream, const access::CheckTicket& asked,
                                std::string& out) {
  follow();
  const auto deny = [&](const Error& why) {
    access::append_denied(out, stream, access::Denial::unknown, why.message());
  };
  if (caller_.exposed) return deny({Errc::refused, "take a ticket in clear", "use TLS"});
  Result<identity::Ticket> ticket = identity::parse_ticket(asked.ticket);
  if (!ticket) return deny(ticket.error());
  const Result<SessionIndex::Found> holder = office_.holder_of(*ticket, asked.again);
  if (!holder) return deny(holder.error());
  if (!asked.again) office_.index().use(**holder, {}, now());
  // One with a number of uses is never good without counting.
  if (!asked.again && (asked.spend || ticket->limits.uses > 0))
    spend(stream, std::move(*ticket), *holder);
  else
    grant(stream, **holder, out);
}

/// Answers later: the count is the vault's.
void FrameDialect::spend(std::uint32_t stream, identity::Ticket ticket,
                         SessionIndex::Found holder) {
  asked_->add(holder->id_bytes());
  const auto refuse = [&](std::string_view why) {
    std::string bytes;
    access::append_denied(bytes, stream, access::Denial::not_now, why);
    outlet_.get()->post(std::move(bytes));
  };
  // One account's tickets are not to fill the clerk's queue.
  const InFlight::Permit mine = spends_.take("");
  const InFlight::Permit its_holders = mine ? office_.spends().take(ticket.session) : nullptr;
  if (!its_holders) return refuse("too many uses are being counted: try again in 1 s");
  const auto count = [&office = office_, outlet = outlet_.get(), stream, ticket = std::move(ticket),
                      holder, mine, its_holders](Vault& vault) {
    std::string bytes;
    const Result<bool> left =
        ticket.limits.uses == 0 ? Result<bool>{true} : Office::count_use(vault, ticket, *holder);
    if (!left)
      access::append_denied(bytes, stream, denial_of(left.error()), left.error().message());
    else if (!*left)
      access::append_denied(bytes, stream, access::Denial::used_up, "the ticket was used up");
    else if (!office.index().find_by_id(holder->id_bytes(), office.now()))
      access::append_denied(bytes, stream, access::Denial::unknown, "its holder's session ended");
    else
      bytes = holder->grant;
    if (left && *left) store_be(bytes.data() + 8, stream);
    outlet->post(std::move(bytes));
  };
  if (Status queued = office_.ask_clerk_later(count); !queued) refuse(queued.error().hint.str());
}

void FrameDialect::note_used(const access::Used& used) {
  for (const access::Use& each : used.uses) {
    if (!by_token_.contains(std::string{each.session})) continue;
    if (const auto found = office_.index().find_by_id(each.session, now()))
      office_.index().use(*found, plain_address(each.address), now());
  }
}

}  // namespace

asio::awaitable<Status> Reception::serve_frames(net::Connection& connection) {
  connection.introduce("frame");
  connection.await_greeting();
  FrameDialect dialect{office_, caller_of(connection), connection};
  // What services send has a bound of its own.
  const wire::FrameDecoder decoder{static_cast<std::uint32_t>(message_size_max_)};
  const auto hear = [&](const wire::Frame& frame, std::string& out) {
    return dialect.hear(frame, out);
  };
  const Status ended = co_await net::pump(connection, decoder, hear);
  // What was asked before the server drains is answered.
  if (ended && connection.draining()) co_await dialect.finish();
  co_return ended;
}

}  // namespace netkit::auth
