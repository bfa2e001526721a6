// What the verbs of auth share: asking one thing and showing the answer, and typed passwords.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/json_text.hpp"
#include "commands/auth/auth.hpp"
#include "commands/auth/client.hpp"
#include "identity/secret.hpp"

namespace netkit::auth {

/// A verb that asks a server. Secrets are read in prepare(), before there is a connection.
class AskAction : public cli::Action {
 public:
  explicit AskAction(Shows shows) : shows_{shows} {}

  void declare(cli::Options& options) final {
    declare_own(options);
    declare_auth(options, auth_, shows_);
  }

  Status run(cli::Context& context) override;

 protected:
  virtual void declare_own(cli::Options& options) = 0;
  virtual Status prepare(cli::Context&) { return ok; }
  virtual asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) = 0;

  void declare_endpoint(cli::Options& options);

  const Shows shows_;
  AuthOptions auth_;
  std::optional<Target> target_;  ///< Known from prepare() on.
};

/// What is typed at the prompt, twice if `confirm`; or the first line of `file` ("-": stdin).
/// Errc::usage where nobody can be asked.
Result<identity::Secret> ask_secret(cli::Context& context, const std::optional<std::string>& file,
                                    const std::string& question, bool confirm,
                                    std::string_view option);

/// Keeps what login or renew got. Replaces the one of this endpoint and user.
Status store_login(cli::Context& context, const Target& target, const wire::Json& answer);

}  // namespace netkit::auth
