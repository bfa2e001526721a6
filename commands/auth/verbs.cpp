// Asking, prompting, storing.
#include "commands/auth/verbs.hpp"

#include "base/text.hpp"
#include "cli/secret.hpp"
#include "identity/password.hpp"

namespace netkit::auth {

void AskAction::declare_endpoint(cli::Options& options) {
  options.positional("ENDPOINT", auth_.client.endpoint, "[SCHEME://]HOST[:PORT] or unix:PATH")
      .completes(cli::Complete::endpoint);
}

Status AskAction::run(cli::Context& context) {
  // Found first: a person is not to type a password for a server that is not asked anyway.
  if (Status ready = prepare(context); !ready) return ready;
  if (!target_) {
    Result<Target> target = find_target(context, auth_, shows_);
    if (!target) return target.error();
    target_ = std::move(*target);
  }
  return with_auth(context, auth_, *target_,
                   [&](AuthClient& client) { return talk(context, client); });
}

Result<identity::Secret> ask_secret(cli::Context& context, const std::optional<std::string>& file,
                                    const std::string& question, bool confirm,
                                    std::string_view option) {
  if (file) {
    Result<std::string> line = cli::read_secret_file(*file, identity::password_size_max);
    if (!line) return line.error();
    return identity::Secret{std::move(*line)};
  }
  if (!context.terminal.interactive())
    return Error{Errc::usage, "ask for a password without a terminal",
                 "give --" + std::string{option} + " PATH, or - for standard input"};
  Result<std::string> typed = context.terminal.ask_password(question);
  if (!typed) return typed.error();
  identity::Secret first{std::move(*typed)};
  if (!confirm) return first;
  Result<std::string> again = context.terminal.ask_password("The same again");
  if (!again) return again.error();
  const identity::Secret second{std::move(*again)};
  if (!identity::equal_secrets(first.view(), second.view()))
    return Error{Errc::usage, "take the password", "the two are not the same"};
  return first;
}

Status store_login(cli::Context& context, const Target& target, const wire::Json& answer) {
  const Result<cli::LoginStore> store = cli::LoginStore::of(context.environment);
  if (!store) return store.error();
  const auto text = [&](std::string_view key) {
    return std::string{answer.string(key).value_or("")};
  };
  cli::Login login{.endpoint = net::to_text(target.endpoint),
                   .user = text("user"),
                   .token = text("token"),
                   .session = text("session"),
                   .expires = text("expires"),
                   .device_key = text("device_key"),
                   .fingerprint = {}};
  if (target.login && login.user.empty()) login.user = target.login->user;
  if (target.login && login.device_key.empty()) login.device_key = target.login->device_key;
  Status stored = store->put(login);
  identity::wipe(login.token);
  identity::wipe(login.device_key);
  return stored;
}

}  // namespace netkit::auth
