// sessions and revoke, and what administrators ask for: users, grant, remove, invite, bans.
#include "base/text.hpp"
#include "base/units.hpp"
#include "commands/auth/complete.hpp"
#include "commands/auth/verbs.hpp"

namespace netkit::auth {
namespace {

std::string json_strings(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& each : texts)
    append_json_string(quoted.emplace_back(), each);
  return "[" + join(quoted, ",") + "]";
}

class SessionsAction final : public AskAction {
 public:
  SessionsAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.value("user", user_, "USER", "Another's, as an administrator")
        .only_on_command_line()
        .completes(known_users);
    options.flag("all", all_, "Everybody's, as an administrator").only_on_command_line();
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    if (user_) request.add("user", *user_);
    request.add("all", all_ || (!user_ && target_->is_admin_socket()));
    const Result<wire::Json> answer = co_await client.ask("sessions", std::move(request));
    if (!answer) co_return answer.error();
    for (const wire::Json& each : answer->items("sessions")) {
      Status shown = cli::show_members(
          context.out, each, {"session", "user", "device", "last_address", "last_used", "expires"});
      if (!shown) co_return shown;
    }
    co_return ok;
  }

  std::optional<std::string> user_;
  bool all_ = false;
};

class RevokeAction final : public AskAction {
 public:
  RevokeAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override {
    options.flag("others", others_, "All of one's own sessions but this one")
        .only_on_command_line();
    options
        .positionals("SESSION|USER", words_, "A session (8 digits are enough) or all of a user's")
        .completes(known_sessions_and_users);
  }

  Status prepare(cli::Context&) override {
    return take_endpoint(words_, others_ ? 0 : 1, false, auth_);
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    if (!words_.empty()) request.add("what", words_.front());
    request.add("others", others_);
    const Result<wire::Json> answer = co_await client.ask("revoke", std::move(request));
    if (!answer) co_return answer.error();
    if (context.out.json()) co_return cli::show_members(context.out, *answer, {});
    context.terminal.say("sessions ended: " + cli::field_text(answer->find("ended")) + "\n");
    co_return ok;
  }

  std::vector<std::string> words_;
  bool others_ = false;
};

class UsersAction final : public AskAction {
 public:
  UsersAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override { declare_endpoint(options); }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    std::string after;
    for (;;) {
      JsonObject request;
      request.add("after", after);
      const Result<wire::Json> answer = co_await client.ask("users", std::move(request));
      if (!answer) co_return answer.error();
      for (const wire::Json& each : answer->items("users")) {
        after = each.string("user").value_or("");
        Status shown = cli::show_members(context.out, each,
                                         {"user", "scopes", "sessions", "created", "last_used"});
        if (!shown) co_return shown;
      }
      if (answer->boolean("more") != true || after.empty()) co_return ok;
    }
  }
};

class GrantAction final : public AskAction {
 public:
  GrantAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override {
    options.values("take", take_, "SCOPE", "Take this one away").only_on_command_line();
    options.positionals("USER", words_, "The user, then the scopes to give").completes(known_users);
  }

  Status prepare(cli::Context&) override {
    if (Status split = take_endpoint(words_, 1, true, auth_); !split) return split;
    if (words_.size() > 1 || !take_.empty()) return ok;
    return Error{Errc::usage, "grant nothing", "name scopes, or --take SCOPE"};
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    request.add("user", words_.front())
        .add_raw("give", json_strings({words_.begin() + 1, words_.end()}))
        .add_raw("take", json_strings(take_));
    const Result<wire::Json> answer = co_await client.ask("grant", std::move(request));
    if (!answer) co_return answer.error();
    if (context.out.json()) co_return cli::show_members(context.out, *answer, {});
    for (const wire::Json& each : answer->items("scopes"))
      if (Status shown = context.out.line(cli::field_text(&each)); !shown) co_return shown;
    co_return ok;
  }

  std::vector<std::string> words_;
  std::vector<std::string> take_;
};

class RemoveAction final : public AskAction {
 public:
  RemoveAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override {
    options.positionals("USER", words_, "Whose account and sessions go").completes(known_users);
  }

  Status prepare(cli::Context&) override { return take_endpoint(words_, 1, false, auth_); }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    request.add("user", words_.front());
    const Result<wire::Json> answer = co_await client.ask("remove", std::move(request));
    if (!answer) co_return answer.error();
    if (context.out.json()) co_return cli::show_members(context.out, *answer, {});
    co_return ok;
  }

  std::vector<std::string> words_;
};

class InviteAction final : public AskAction {
 public:
  InviteAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.value("expire", expire_, "DUR", "How long the code is good").only_on_command_line();
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    request.add("expire", std::chrono::ceil<std::chrono::seconds>(expire_).count());
    const Result<wire::Json> answer = co_await client.ask("invite", std::move(request));
    if (!answer) co_return answer.error();
    co_return cli::show_members(context.out, *answer, {"code"});
  }

  Duration expire_ = std::chrono::hours{24};
};

class BansAction final : public AskAction {
 public:
  BansAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.value("clear", clear_, "ADDR", "Forget the failures of this address, user or key")
        .only_on_command_line();
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    if (clear_) request.add("clear", *clear_);
    const Result<wire::Json> answer = co_await client.ask("bans", std::move(request));
    if (!answer) co_return answer.error();
    if (clear_ && context.out.json()) co_return cli::show_members(context.out, *answer, {});
    for (const wire::Json& each : answer->items("bans")) {
      Status shown = cli::show_members(context.out, each, {"key", "kind", "failures", "until"});
      if (!shown) co_return shown;
    }
    co_return ok;
  }

  std::optional<std::string> clear_;
};

}  // namespace

std::unique_ptr<cli::Action> make_sessions() {
  return std::make_unique<SessionsAction>();
}
std::unique_ptr<cli::Action> make_revoke() {
  return std::make_unique<RevokeAction>();
}
std::unique_ptr<cli::Action> make_users() {
  return std::make_unique<UsersAction>();
}
std::unique_ptr<cli::Action> make_grant() {
  return std::make_unique<GrantAction>();
}
std::unique_ptr<cli::Action> make_remove() {
  return std::make_unique<RemoveAction>();
}
std::unique_ptr<cli::Action> make_invite() {
  return std::make_unique<InviteAction>();
}
std::unique_ptr<cli::Action> make_bans() {
  return std::make_unique<BansAction>();
}

}  // namespace netkit::auth
