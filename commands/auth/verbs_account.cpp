// hello, register, login, logout, whoami, passwd and renew.
#include <array>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/secret.hpp"
#include "commands/auth/verbs.hpp"

namespace netkit::auth {
namespace {

/// What the server is told of this device: "anna@laptop".
std::string own_device(const config::Environment& environment) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const auto user = environment.find("USER");
  std::string device = user == environment.end() ? "" : user->second + "@";
  return (device += host.data()).substr(0, 128);
}

class HelloAction final : public AskAction {
 public:
  HelloAction() : AskAction{Shows::nothing} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.value("name", name_, "NAME", "What this address is to be called from now on")
        .only_on_command_line();
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    if (name_) request.add("name", *name_);
    Result<wire::Json> answer = co_await client.ask("hello", std::move(request));
    if (!answer) co_return answer.error();
    if (!answer->string("name") && context.terminal.interactive()) {
      const auto any = [](const std::string& text) -> Status {
        if (!text.empty()) return ok;
        return Error{Errc::usage, "take no name"};
      };
      const Result<std::string> name = context.terminal.ask("Who are you?", "", any);
      if (!name) co_return name.error();
      JsonObject second;
      second.add("name", *name);
      answer = co_await client.ask("hello", std::move(second));
      if (!answer) co_return answer.error();
    }
    if (!answer->string("name"))
      co_return Error{Errc::not_found, "find a name for this address",
                      "give one: netkit auth hello --name NAME"};
    if (context.out.json()) co_return cli::show_members(context.out, *answer, {});
    co_return context.out.line(cli::field_text(answer->find("name")));
  }

  std::optional<std::string> name_;
};

class RegisterAction final : public AskAction {
 public:
  RegisterAction() : AskAction{Shows::password} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.value("user", user_, "USER", "The name of the new account").must_be_given();
    options
        .value("password-file", password_file_, "PATH",
               "Its password is the first line; - is stdin; else it is asked for")
        .completes(cli::Complete::file);
    options.value("code", code_, "CODE", "An administrator's invitation").only_on_command_line();
    options.value("code-file", code_file_, "PATH", "The same from a file; - is stdin")
        .completes(cli::Complete::file);
  }

  Status prepare(cli::Context& context) override {
    Result<Target> target = find_target(context, auth_, shows_);
    if (!target) return target.error();
    target_ = std::move(*target);
    if (code_file_) {
      Result<std::string> code = cli::read_secret_file(*code_file_, 64);
      if (!code) return code.error();
      code_ = std::move(*code);
    }
    Result<identity::Secret> password =
        ask_secret(context, password_file_, "Password for " + user_, true, "password-file");
    if (!password) return password.error();
    password_ = std::move(*password);
    return ok;
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    request.add("user", user_).add("password", password_.view());
    if (code_) request.add("code", *code_);
    const Result<wire::Json> answer = co_await client.ask("register", std::move(request));
    if (!answer) co_return answer.error();
    if (context.out.json()) co_return cli::show_members(context.out, *answer, {});
    if (answer->boolean("administrator") == true)
      context.terminal.say("the first account: it administrates\n");
    co_return context.out.line(cli::field_text(answer->find("user")));
  }

  std::string user_;
  std::optional<std::string> password_file_;
  std::optional<std::string> code_;
  std::optional<std::string> code_file_;
  identity::Secret password_;
};

class LoginAction final : public AskAction {
 public:
  LoginAction() : AskAction{Shows::password} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.value("user", user_, "USER", "Who signs in").must_be_given();
    options
        .value("password-file", password_file_, "PATH",
               "The password is the first line; - is stdin; else it is asked for")
        .completes(cli::Complete::file);
    options.flag("print-token", print_token_, "Print the token and store nothing")
        .only_on_command_line();
    options.value("device", device_, "TEXT", "What the list of sessions calls this device");
  }

  Status prepare(cli::Context& context) override {
    Result<Target> target = find_target(context, auth_, shows_);
    if (!target) return target.error();
    target_ = std::move(*target);
    if (!device_) device_ = own_device(context.environment);
    if (const Result<cli::LoginStore> store = cli::LoginStore::of(context.environment))
      if (Result<std::string> key = store->device_key(net::to_text(target_->endpoint), user_))
        device_key_ = identity::Secret{std::move(*key)};
    Result<identity::Secret> password =
        ask_secret(context, password_file_, "Password for " + user_, false, "password-file");
    if (!password) return password.error();
    password_ = std::move(*password);
    return ok;
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    request.add("user", user_).add("password", password_.view()).add("device", *device_);
    if (!device_key_.empty()) request.add("device_key", device_key_.view());
    const Result<wire::Json> answer = co_await client.ask("login", std::move(request));
    if (!answer) co_return answer.error();
    if (print_token_) co_return context.out.line(answer->string("token").value_or(""));
    if (Status stored = store_login(context, *target_, *answer); !stored) co_return stored;
    if (context.out.json()) {
      JsonObject shown;  // All but what is secret.
      shown.add("user", answer->string("user").value_or(""))
          .add("session", answer->string("session").value_or(""))
          .add("expires", answer->string("expires").value_or(""))
          .add("endpoint", net::to_text(target_->endpoint));
      co_return context.out.object(shown);
    }
    context.terminal.say("signed in as " + cli::field_text(answer->find("user")) + " until " +
                         cli::field_text(answer->find("expires")) + "\n");
    co_return ok;
  }

  std::string user_;
  std::optional<std::string> password_file_;
  std::optional<std::string> device_;
  bool print_token_ = false;
  identity::Secret password_;
  identity::Secret device_key_;
};

class LogoutAction final : public AskAction {
 public:
  LogoutAction() : AskAction{Shows::session} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.flag("everywhere", everywhere_, "End all sessions of this user").only_on_command_line();
  }

  Status run(cli::Context& context) override {
    Status done = AskAction::run(context);
    // What the server does not accept any more is not worth keeping either.
    const bool over = done || done.error().code == Errc::refused;
    if (!over || !target_ || !target_->login) return done;
    const Result<cli::LoginStore> store = cli::LoginStore::of(context.environment);
    if (!store) return store.error();
    const Result<bool> removed = store->remove(target_->login->endpoint, target_->login->user);
    return removed ? done : Status{removed.error()};
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    request.add("everywhere", everywhere_);
    const Result<wire::Json> answer = co_await client.ask("logout", std::move(request));
    if (!answer) co_return answer.error();
    if (context.out.json()) co_return cli::show_members(context.out, *answer, {});
    co_return ok;
  }

  bool everywhere_ = false;
};

class WhoamiAction final : public AskAction {
 public:
  WhoamiAction() : AskAction{Shows::session} {}

 private:
  void declare_own(cli::Options& options) override { declare_endpoint(options); }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    const Result<wire::Json> answer = co_await client.ask("whoami", {});
    if (!answer) co_return answer.error();
    co_return cli::show_members(context.out, *answer, {"user", "scopes", "session", "expires"});
  }
};

class PasswdAction final : public AskAction {
 public:
  PasswdAction() : AskAction{Shows::session} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.value("user", user_, "USER", "Another's password, as an administrator")
        .only_on_command_line();
    options.value("password-file", password_file_, "PATH", "The old password; - is stdin")
        .completes(cli::Complete::file);
    options.value("new-password-file", new_password_file_, "PATH", "The new one; - is stdin")
        .completes(cli::Complete::file);
  }

  Status prepare(cli::Context& context) override {
    Result<Target> target = find_target(context, auth_, shows_);
    if (!target) return target.error();
    target_ = std::move(*target);
    if (!user_) {
      Result<identity::Secret> old =
          ask_secret(context, password_file_, "Old password", false, "password-file");
      if (!old) return old.error();
      old_ = std::move(*old);
    }
    Result<identity::Secret> fresh =
        ask_secret(context, new_password_file_, "New password", true, "new-password-file");
    if (!fresh) return fresh.error();
    fresh_ = std::move(*fresh);
    return ok;
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    JsonObject request;
    if (user_)
      request.add("user", *user_);
    else
      request.add("password", old_.view());
    request.add("new_password", fresh_.view());
    const Result<wire::Json> answer = co_await client.ask("passwd", std::move(request));
    if (!answer) co_return answer.error();
    if (context.out.json()) co_return cli::show_members(context.out, *answer, {});
    context.terminal.say("other sessions ended: " + cli::field_text(answer->find("ended")) + "\n");
    co_return ok;
  }

  std::optional<std::string> user_;
  std::optional<std::string> password_file_;
  std::optional<std::string> new_password_file_;
  identity::Secret old_;
  identity::Secret fresh_;
};

class RenewAction final : public AskAction {
 public:
  RenewAction() : AskAction{Shows::session} {}

 private:
  void declare_own(cli::Options& options) override {
    declare_endpoint(options);
    options.flag("print-token", print_token_, "Print the new token and store nothing")
        .only_on_command_line();
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    const bool stores = target_->login && !print_token_;
    const Result<wire::Json> answer = co_await client.ask("renew", {});
    if (!answer) co_return answer.error();
    if (!stores) co_return context.out.line(answer->string("token").value_or(""));
    co_return store_login(context, *target_, *answer);
  }

  bool print_token_ = false;
};

}  // namespace

std::unique_ptr<cli::Action> make_hello() {
  return std::make_unique<HelloAction>();
}
std::unique_ptr<cli::Action> make_register() {
  return std::make_unique<RegisterAction>();
}
std::unique_ptr<cli::Action> make_login() {
  return std::make_unique<LoginAction>();
}
std::unique_ptr<cli::Action> make_logout() {
  return std::make_unique<LogoutAction>();
}
std::unique_ptr<cli::Action> make_whoami() {
  return std::make_unique<WhoamiAction>();
}
std::unique_ptr<cli::Action> make_passwd() {
  return std::make_unique<PasswdAction>();
}
std::unique_ptr<cli::Action> make_renew() {
  return std::make_unique<RenewAction>();
}

}  // namespace netkit::auth
