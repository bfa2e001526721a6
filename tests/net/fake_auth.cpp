// The fake's half of access/protocol.hpp.
#include "fake_auth.hpp"

#include "identity/signing_key.hpp"
#include "identity/ticket.hpp"
#include "identity/token.hpp"

namespace netkit::net::tests {

using namespace access;

std::string FakeAuth::sign_in(std::string user, std::vector<std::string> scopes,
                              std::int64_t expires_s) {
  const std::string token = identity::make_token();
  const std::lock_guard lock{mutex_};
  grants_[identity::secret_hash(token)] = {.session = identity::session_id_of(token),
                                           .public_key = *identity::ticket_public_key(token),
                                           .expires_s = expires_s,
                                           .idle_limit_s = 0,
                                           .user = std::move(user),
                                           .scopes = std::move(scopes)};
  return token;
}

void FakeAuth::revoke(const std::string& token) {
  {
    const std::lock_guard lock{mutex_};
    grants_.erase(identity::secret_hash(token));
  }
  tell(identity::session_id_of(token));
}

void FakeAuth::rescope(const std::string& token, std::vector<std::string> scopes) {
  {
    const std::lock_guard lock{mutex_};
    grants_.at(identity::secret_hash(token)).scopes = std::move(scopes);
  }
  tell(identity::session_id_of(token));
}

void FakeAuth::tell(const std::string& session) {
  std::string out;
  append_changed(out, session);
  const std::lock_guard lock{mutex_};
  for (const auto& outlet : outlets_)
    outlet->post(out);
}

void FakeAuth::come() {
  Service service;
  service.on_connection = [this](Connection& connection) { return serve(connection); };
  service.tls_mode = [](Scheme) { return TlsMode::never; };
  server_.emplace(RunningServer::Plan{.listen = {"tcp://127.0.0.1:" + std::to_string(port_)},
                                      .options = options_with([](ServerOptions& options) {
                                        options.drain_limit = std::chrono::milliseconds{1};
                                      }),
                                      .service = std::move(service)});
  port_ = server_->port();
}

void FakeAuth::fall_silent(bool dead) {
  const std::lock_guard lock{mutex_};
  silent_ = true;
  dead_ = dead;
}

int FakeAuth::asked(std::uint16_t type) const {
  const std::lock_guard lock{mutex_};
  const auto found = asked_.find(type);
  return found == asked_.end() ? 0 : found->second;
}

std::set<std::string> FakeAuth::used_from(const std::string& token) const {
  const std::lock_guard lock{mutex_};
  const auto found = used_.find(identity::session_id_of(token));
  return found == used_.end() ? std::set<std::string>{} : found->second;
}

asio::awaitable<Status> FakeAuth::serve(Connection& connection) {
  connection.introduce("frame");
  const OutletGuard outlet{connection};
  {
    const std::lock_guard lock{mutex_};
    outlets_.insert(outlet.get());
  }
  const wire::FrameDecoder decoder{message_size_max};
  const auto take = [this](const wire::Frame& frame, std::string& out) { return hear(frame, out); };
  Status ended = co_await pump(connection, decoder, take);
  const std::lock_guard lock{mutex_};
  outlets_.erase(outlet.get());
  co_return ended;
}

Result<Flow> FakeAuth::hear(const wire::Frame& frame, std::string& out) {
  const std::lock_guard lock{mutex_};
  ++asked_[frame.type];
  if (frame.type == wire::frame_type::hello) {
    out += "Who are you?\n";  // As to somebody who was silent for long.
    append_hello(out, "fake");
  } else if (frame.type == wire::frame_type::ping) {
    if (!dead_)
      wire::append_frame(
          out,
          {.type = wire::frame_type::pong, .flags = 0, .stream = frame.stream, .body = frame.body});
  } else {
    const Result<ToAuth> question = decode_to_auth(frame);
    if (!question) return question.error();
    if (!silent_) answer(frame, *question, out);
  }
  return Flow::go_on;
}

void FakeAuth::answer(const wire::Frame& frame, const ToAuth& question, std::string& out) {
  const auto deny = [&](Denial why) { append_denied(out, frame.stream, why, "no"); };
  if (const auto* const check = std::get_if<Check>(&question)) {
    const auto found = grants_.find(std::string{check->token_hash});
    if (found == grants_.end()) return deny(Denial::unknown);
    append_grant(out, frame.stream, found->second);
  } else if (const auto* const used = std::get_if<Used>(&question)) {
    for (const Use& use : used->uses)
      used_[std::string{use.session}].emplace(use.address);
  } else {
    const auto& asked = std::get<CheckTicket>(question);
    const auto ticket = identity::parse_ticket(asked.ticket);
    if (!ticket) return deny(Denial::unknown);
    for (const auto& [hash, grant] : grants_) {
      if (grant.session != ticket->session) continue;
      if (!identity::verify_signature(*ticket, grant.public_key)) break;
      if (asked.spend && spent_[ticket->nonce]++ >= ticket->limits.uses)
        return deny(Denial::used_up);
      return append_grant(out, frame.stream, grant);
    }
    deny(Denial::unknown);
  }
}

}  // namespace netkit::net::tests
