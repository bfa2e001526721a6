// Who may come to the desk, as operator or as agent: by a token of our own, or by one that the auth
// service vouches for.
#include "base/text.hpp"
#include "cli/remote_error.hpp"
#include "commands/shutdown/desk.hpp"
#include "wire/websocket.hpp"

namespace netkit::shutdown {
namespace {

constexpr auto text_message = wire::WebSocketOp::text;
constexpr std::string_view admin_name = "admin socket";

Error no_scope(const access::Who& who, std::string_view scopes) {
  return {Errc::refused, "let " + escape_for_display(who.user()) + " in",
          "it needs the scope " + std::string{scopes}};
}

}  // namespace

Result<std::string> Desk::operator_of(std::string_view token) {
  const auto known = records_.find_credential(token);
  if (!known) return known.error();
  if (!*known || (*known)->right != Right::order)
    return Error{Errc::refused, "accept the token",
                 "a token comes from: netkit shutdown-server enrol --operator NAME"};
  return (*known)->name;
}

void Desk::turn_away(net::Outlet& outlet, const std::string& address, const Error& why) {
  log_.warn(settings_.guard ? "authz_fail" : "refuse",
            {{"address", address}, {"reason", why.message()}});
  JsonObject answer;
  answer.add("event", "error");
  cli::add_parts(answer, why);
  outlet.post(text_message, answer.str());
  outlet.close();
}

void Desk::welcome_operator(const Operator& who, std::string_view right) {
  log_.info("operator", {{"name", who.name}, {"address", who.address}, {"right", right}});
  who.outlet->post(text_message, JsonObject{}
                                     .add("event", "welcome")
                                     .add("server", settings_.server_name)
                                     .add("right", right)
                                     .add("user", who.name)
                                     .str());
}

void Desk::operator_signs_in(SessionId session, std::shared_ptr<net::Outlet> outlet,
                             const std::optional<std::string>& token, const std::string& address,
                             const std::string& audience) {
  const Result<std::string> name =
      token ? operator_of(*token) : Result<std::string>{std::string{admin_name}};
  Operator who{.name = name ? *name : "",
               .outlet = std::move(outlet),
               .local = !token,
               .watches = false,
               .address = address,
               .audience = audience};
  if (name) {
    welcome_operator(who, "order");
    operators_[session] = std::move(who);
    return;
  }
  if (!settings_.guard || name.error().code != Errc::refused)
    return turn_away(*who.outlet, address, name.error());
  who.signing_in = true;
  operators_[session] = std::move(who);
  access::Wish wish;
  wish.address = address;
  wish.audience = audience;
  wish.later = true;
  settings_.guard->ask(*token, std::move(wish), [this, session](Result<access::Who> checked) {
    operator_checked(session, std::move(checked));
  });
}

void Desk::operator_checked(SessionId session, Result<access::Who> checked) {
  const auto found = operators_.find(session);
  if (found == operators_.end() || closed_) return;
  Operator& who = found->second;
  const bool orders = checked && checked->may(scope::order);
  const bool reads = checked && checked->may(scope::read);
  const bool enrols = checked && checked->may(scope::enrol);
  if (checked && !orders && !reads && !enrols)
    checked = no_scope(*checked, "shutdown:read or shutdown:order");
  if (!checked) {
    turn_away(*who.outlet, who.address, checked.error());
    operators_.erase(found);
    return;
  }
  who.who = std::move(*checked);
  who.name = who.who.user() == admin_name ? "admin socket (a user)" : who.who.user();
  who.signing_in = false;
  const char* const held = orders ? scope::order : reads ? scope::read : scope::enrol;
  who.watch = settings_.guard->watch(
      who.who, held, [outlet = who.outlet] { outlet->close(); }, who.address);
  welcome_operator(who, orders ? "order" : reads ? "read" : "enrol");
  for (const wire::Json& message : std::exchange(who.early, {}))
    operator_says(session, message);
}

Status Desk::permitted(const Operator& who, const OperatorRequest& request) const {
  if (!who.who) return ok;
  access::Wish wish;
  wish.verb = to_text(request.ask);
  wish.address = who.address;
  wish.audience = who.audience;
  switch (request.ask) {
    case Ask::list:
    case Ask::history:
    case Ask::watch: {
      wish.scope = scope::read;
      Status may = settings_.guard->may(who.who, wish);
      if (may) return may;
      wish.scope = scope::order;  // Whoever gives orders sees what came of them.
      return settings_.guard->may(who.who, wish) ? ok : may;
    }
    case Ask::enrol: wish.scope = scope::enrol; break;
    case Ask::order:
    case Ask::cancel:
    case Ask::plan:
    case Ask::wake: wish.scope = scope::order; break;
  }
  // A ticket for some hosts is none for all of them, nor for a plan.
  if (request.hosts.empty() || request.all || request.cancel_plan)
    return settings_.guard->may(who.who, wish);
  for (const std::string& host : request.hosts) {
    wish.path = "/" + host;
    if (Status may = settings_.guard->may(who.who, wish); !may) return may;
  }
  return ok;
}

Result<bool> Desk::needs_voucher(const Arrival& arrival) {
  if (!settings_.guard || !arrival.hello.code.empty()) return false;
  if (arrival.token.empty())
    return Error{Errc::refused, "take an agent without a token",
                 "enrol it, or give it a token with the scope shutdown:agent"};
  const auto known = records_.find_credential(arrival.token);
  if (!known) return known.error();
  return !known->has_value();
}

void Desk::ask_for_agent(Arrival arrival) {
  access::Wish wish;
  wish.scope = scope::agent;
  wish.address = arrival.address;
  wish.audience = arrival.audience;
  const SessionId session = arrival.session;
  vouched_[session] = nullptr;
  std::string token = std::exchange(arrival.token, {});
  settings_.guard->ask(std::move(token), wish,
                       [this, arrival = std::move(arrival)](Result<access::Who> who) mutable {
                         const auto found = vouched_.find(arrival.session);
                         if (found == vouched_.end() || closed_) return;  // It has gone meanwhile.
                         if (!who) return reject(arrival, who.error());
                         found->second = settings_.guard->watch(
                             *who, scope::agent, [outlet = arrival.outlet] { outlet->close(); },
                             arrival.address);
                         arrival.vouched = true;
                         take_agent(std::move(arrival));
                       });
}

}  // namespace netkit::shutdown
