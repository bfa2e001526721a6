// status and check, and measures against clients.
#include "commands/relay/verbs.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/json_text.hpp"
#include "commands/relay/complete.hpp"
#include "commands/relay/operator_client.hpp"
#include "commands/relay/operators.hpp"

namespace netkit::relay {
namespace {

/// A verb that sends one request and shows the answer.
class AskAction : public cli::Action {
 public:
  explicit AskAction(bool afar) : afar_{afar} {}

  void declare(cli::Options& options) override {
    declare_own(options);
    declare_operator(options, operator_, afar_);
  }

  Status run(cli::Context& context) override {
    return with_operator(context, operator_,
                         [&](OperatorClient& client) { return ask_and_show(context, client); });
  }

 protected:
  virtual void declare_own(cli::Options&) {}
  virtual asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) = 0;

 private:
  const bool afar_;
  OperatorOptions operator_;
};

std::string people_text(const wire::Json& object, std::string_view member) {
  const double value = object.number(member).value_or(0);
  return to_people(std::chrono::duration_cast<Duration>(std::chrono::duration<double>{value}));
}

std::string field(const wire::Json& object, std::string_view member) {
  return cli::field_text(object.find(member));
}

/// "sent=3", tab-separated, of each member.
std::string counts(const wire::Json& object, std::initializer_list<std::string_view> members) {
  std::string text;
  for (const std::string_view member : members)
    text.append("\t").append(member).append("=").append(field(object, member));
  return text;
}

std::string link_line(const wire::Json& link) {
  std::string line = "link\t" + field(link, "place") + "\t" + field(link, "relay") + "\t" +
                     field(link, "state") + "\t" + field(link, "since");
  if (link.string("state") != std::string_view{"up"}) return line + "\t" + field(link, "reason");
  return line + "\tdelay=" + people_text(link, "delay") +
         counts(link, {"behind", "sent", "received", "duplicates"});
}

std::string relay_line(const wire::Json& relay) {
  const bool away = relay.boolean("away") == true;
  return "relay\t" + field(relay, "relay") + "\t" + (away ? "away" : "here") + "\t" +
         field(relay, "since") + counts(relay, {"hops", "last", "log"});
}

class StatusAction final : public AskAction {
 public:
  StatusAction() : AskAction{false} {}

 private:
  asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) override {
    const Result<wire::Json> answer = co_await client.ask("status", {});
    if (!answer) co_return answer.error();
    if (context.out.json()) co_return cli::show_members(context.out, *answer, {});
    std::vector<std::string> lines;
    for (const auto& [label, member] :
         std::initializer_list<std::pair<const char*, std::string_view>>{
             {"name", "relay"},
             {"since", "since"},
             {"ack", "ack"},
             {"log", "log"},
             {"link-key", "link_key"},
             {"store", "store"},
             {"rooms", "rooms"},
             {"messages", "messages"},
             {"repeats", "repeats"},
             {"skipped", "skipped"},
             {"backlog", "backlog"},
             {"duplicates", "duplicates"}})
      lines.push_back(std::string{label} + "\t" + field(*answer, member));
    std::string clients = "clients\t" + field(*answer, "clients");
    if (const wire::Json* const by = answer->find("by_dialect"))
      clients += counts(*by, {"frame", "line", "len64", "web"});
    lines.push_back(std::move(clients));
    for (const wire::Json& link : answer->items("links"))
      lines.push_back(link_line(link));
    for (const wire::Json& relay : answer->items("relays"))
      lines.push_back(relay_line(relay));
    for (const std::string& line : lines)
      if (Status shown = context.out.line(line); !shown) co_return shown;
    co_return ok;
  }
};

class CheckAction final : public AskAction {
 public:
  CheckAction() : AskAction{false} {}

 private:
  /// "carol  1.2 ms  anna > bert > carol": who, there and back, by which way.
  static Status show(cli::Context& context, const wire::Json& path) {
    std::vector<std::string> steps;
    for (const wire::Json& step : path.items("steps"))
      steps.push_back(field(step, "relay"));
    return context.out.line(field(path, "relay") + "\t" + people_text(path, "delay") + "\t" +
                            join(steps, " > "));
  }

  asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) override {
    const Result<wire::Json> answer = co_await client.ask("check", {});
    if (!answer) co_return answer.error();
    std::vector<std::string> silent;
    for (const wire::Json& name : answer->items("silent"))
      silent.push_back(cli::field_text(&name));
    Status shown = ok;
    for (const wire::Json& path : answer->items("paths"))
      if (shown)
        shown = context.out.json() ? cli::show_members(context.out, path, {}) : show(context, path);
    for (const std::string& name : silent)
      if (shown)
        shown = context.out.json()
                    ? context.out.object(JsonObject{}.add("relay", name).add("silent", true))
                    : context.out.line(name + "\tno answer");
    if (!shown || silent.empty()) co_return shown;
    co_return Error{Errc::not_found, "find a way to " + join(silent, ", "),
                    "no answer within " + std::to_string(Operators::probe_limit.count()) +
                        " s; see whether it is away: netkit relay status"};
  }
};

class MeasureAction final : public AskAction {
 public:
  MeasureAction(std::string_view word, bool lasts) : AskAction{true}, word_{word}, lasts_{lasts} {}

 private:
  void declare_own(cli::Options& options) override {
    options.positionals("NICK", words_, "Who, as shown, then the reason").completes(people_here);
    if (lasts_)
      options.value("for", for_, "DUR", "How long; without it for good").only_on_command_line();
  }

  Status run(cli::Context& context) override {
    if (words_.empty()) return Error{Errc::usage, std::string{word_} + " nobody", "name a nick"};
    return AskAction::run(context);
  }

  asio::awaitable<Status> ask_and_show(cli::Context&, OperatorClient& client) override {
    JsonObject request;
    request.add("nick", words_.front());
    const std::vector<std::string> why{words_.begin() + 1, words_.end()};
    if (!why.empty()) request.add("why", join(why, " "));
    if (for_) request.add("for", std::chrono::ceil<std::chrono::seconds>(*for_).count());
    const Result<wire::Json> answer = co_await client.ask(word_, std::move(request));
    if (!answer) co_return answer.error();
    co_return ok;
  }

  const std::string_view word_;
  const bool lasts_;
  std::vector<std::string> words_;
  std::optional<Duration> for_;
};

class BansAction final : public AskAction {
 public:
  BansAction() : AskAction{false} {}

 private:
  asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) override {
    const Result<wire::Json> answer = co_await client.ask("bans", {});
    if (!answer) co_return answer.error();
    for (const wire::Json& ban : answer->items("bans"))
      if (Status shown = cli::show_members(context.out, ban,
                                           {"kind", "nick", "by", "of", "until", "from", "why"});
          !shown)
        co_return shown;
    co_return ok;
  }
};

}  // namespace

std::unique_ptr<cli::Action> make_status() {
  return std::make_unique<StatusAction>();
}
std::unique_ptr<cli::Action> make_check() {
  return std::make_unique<CheckAction>();
}
std::unique_ptr<cli::Action> make_kick() {
  return std::make_unique<MeasureAction>("kick", false);
}
std::unique_ptr<cli::Action> make_mute() {
  return std::make_unique<MeasureAction>("mute", true);
}
std::unique_ptr<cli::Action> make_unmute() {
  return std::make_unique<MeasureAction>("unmute", false);
}
std::unique_ptr<cli::Action> make_ban() {
  return std::make_unique<MeasureAction>("ban", true);
}
std::unique_ptr<cli::Action> make_unban() {
  return std::make_unique<MeasureAction>("unban", false);
}
std::unique_ptr<cli::Action> make_bans() {
  return std::make_unique<BansAction>();
}

}  // namespace netkit::relay
