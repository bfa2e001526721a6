// tune and ticket: what needs no server.
#include <ctime>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/secret.hpp"
#include "commands/auth/verbs.hpp"
#include "identity/hash_budget.hpp"
#include "identity/password.hpp"
#include "identity/ticket.hpp"
#include "identity/token.hpp"

namespace netkit::auth {
namespace {

class TuneAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("target", target_, "DUR", "How long one hash may take");
    options.value("hash-memory", memory_, "SIZE", "How much memory it may take");
    options.value("hash-lanes", lanes_, "N", "Its lanes");
  }

  Status run(cli::Context& context) override {
    const Result<identity::Tuned> tuned =
        identity::tune(target_, static_cast<std::uint32_t>(memory_.bytes / 1024), lanes_);
    if (!tuned) return tuned.error();
    const identity::HashParameters& chosen = tuned->parameters;
    const Result<unsigned> threads = identity::hash_threads(identity::measure_machine(), chosen);
    if (!threads) return threads.error();
    const Size memory{std::uint64_t{chosen.memory_kib} * 1024};
    const double took_s = std::chrono::duration<double>{tuned->took}.count();
    if (context.out.json())
      return context.out.object(JsonObject{}
                                    .add("hash_memory", memory.bytes)
                                    .add("hash_passes", chosen.passes)
                                    .add("hash_lanes", chosen.lanes)
                                    .add("took", took_s)
                                    .add("at_a_time", *threads));
    context.terminal.say("one hash takes " + to_people(tuned->took) + ", " +
                         std::to_string(*threads) +
                         " at a time: " + std::to_string(static_cast<int>(*threads / took_s)) +
                         " sign-ins a second\n");
    return context.out.line("--hash-memory " + netkit::to_text(memory) + " --hash-passes " +
                            std::to_string(chosen.passes) + " --hash-lanes " +
                            std::to_string(chosen.lanes));
  }

 private:
  Duration target_ = std::chrono::milliseconds{250};
  Size memory_{std::uint64_t{64} * 1024 * 1024};
  std::uint32_t lanes_ = 1;
};

class TicketAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("for", limits_.service, "SERVICE", "Only this service: \"shutdown-server\"");
    options.values("scope", limits_.scopes, "SCOPE", "Only this right of its holder's");
    options.value("path", limits_.path, "PATH", "Only this path and what is below it");
    options.values("verb", limits_.verbs, "VERB", "Only this verb");
    options.value("address", limits_.network, "CIDR", "Only from these addresses");
    options.value("audience", limits_.audience, "TEXT",
                  "Only at the server with this certificate fingerprint, or this ADDRESS:PORT");
    options.value("expire", expire_, "DUR", "How long it may be shown");
    options.value("uses", limits_.uses, "N", "How often it is good; 0: not counted");
    options.value("token", token_, "TOKEN", "Whose ticket; else the stored sign-in's");
    options.value("token-file", token_file_, "PATH", "The same from a file; - is stdin")
        .completes(cli::Complete::file);
  }

  Status run(cli::Context& context) override {
    const Result<identity::Secret> token = find_token(context);
    if (!token) return token.error();
    limits_.expires_s =
        std::time(nullptr) + std::chrono::ceil<std::chrono::seconds>(expire_).count();
    const Result<std::string> ticket = identity::make_ticket(token->view(), limits_);
    if (!ticket) return ticket.error();
    if (!context.out.json()) return context.out.line(*ticket);
    const auto until =
        std::chrono::system_clock::time_point{std::chrono::seconds{limits_.expires_s}};
    return context.out.object(
        JsonObject{}.add("ticket", *ticket).add("expires", to_rfc3339(until)));
  }

 private:
  Result<identity::Secret> find_token(const cli::Context& context) const {
    if (token_) return identity::Secret{std::string{*token_}};
    if (token_file_) {
      Result<std::string> line = cli::read_secret_file(*token_file_, 4096);
      if (!line) return line.error();
      return identity::Secret{std::move(*line)};
    }
    const Result<cli::LoginStore> store = cli::LoginStore::of(context.environment);
    if (!store) return store.error();
    const Result<std::optional<cli::Login>> login = store->latest();
    if (!login) return login.error();
    if (*login) return identity::Secret{std::string{(*login)->token}};
    return Error{Errc::refused, "make a ticket of nobody's",
                 "sign in first: netkit auth login; or give --token-file"};
  }

  identity::TicketLimits limits_;
  Duration expire_ = std::chrono::minutes{10};
  std::optional<std::string> token_;
  std::optional<std::string> token_file_;
};

}  // namespace

std::unique_ptr<cli::Action> make_tune() {
  return std::make_unique<TuneAction>();
}
std::unique_ptr<cli::Action> make_ticket() {
  return std::make_unique<TicketAction>();
}

}  // namespace netkit::auth
