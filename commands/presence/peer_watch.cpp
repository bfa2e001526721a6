// `netkit peer watch`: who is here, then each change.
#include <asio/execution/context.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>

#include "base/units.hpp"
#include "commands/presence/listing.hpp"
#include "commands/presence/peer_verbs.hpp"
#include "commands/presence/reactions.hpp"
#include "commands/presence/with_circle.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

/// Prints what changes until there was enough of it, or nobody reads any more.
class Watching {
 public:
  Watching(cli::Context& context, Circle& circle, asio::io_context& io,
           std::vector<Reaction> reactions, std::uint64_t count)
      : context_{context},
        circle_{circle},
        reactions_{context, io, std::move(reactions)},
        left_{count},
        done_{io, std::chrono::steady_clock::time_point::max()} {}

  asio::awaitable<Status> run() {
    circle_.on_change = [this](const Entry& now, std::optional<State> before) {
      changed(to_text(now.state), now, before);
    };
    circle_.on_forgotten = [this](const Entry& entry) { changed("forgotten", entry, entry.state); };
    circle_.on_source = [this](const Circle::Source& source) { tell(source); };
    Status whole = co_await circle_.complete();
    if (!whole) co_return whole;
    begun_ = true;
    tell(circle_.source());
    for (const Entry* const entry : circle_.all())
      keep(context_.out.json() ? show_event(to_text(entry->state), *entry)
                               : context_.out.line(list_line(*entry)));
    std::error_code woken;
    while (!ended_)
      co_await done_.async_wait(net::into(woken));
    co_await reactions_.finish();
    co_return outcome_;
  }

 private:
  void changed(std::string_view event, const Entry& entry, std::optional<State> before) {
    if (!begun_ || ended_) return;
    const auto now = std::chrono::system_clock::now();
    if (context_.out.json())
      keep(show_event(event, entry));
    else
      keep(context_.out.line(to_rfc3339(now) + "\t" + line_of(event, entry)));
    if (before != entry.state || event == "forgotten") reactions_.react(event, entry, before);
    if (left_ > 0 && --left_ == 0) end();
  }

  /// As `peer list` has it, but for who is forgotten.
  static std::string line_of(std::string_view event, const Entry& entry) {
    std::string line = list_line(entry);
    if (event != "forgotten") return line;
    const std::size_t since = line.rfind('\t');
    const std::size_t state = line.rfind('\t', since - 1);
    return line.replace(state + 1, since - state - 1, event);
  }

  Status show_event(std::string_view event, const Entry& entry) {
    JsonObject object;
    object.add("event", event);
    return context_.out.line(object.str().substr(0, object.str().size() - 1) + "," +
                             list_object(entry).str().substr(1));
  }

  void tell(const Circle::Source& source) {
    if (!begun_ || ended_) return;
    if (!context_.out.json()) {
      const std::string text = remark(source);
      say_remark(context_, text.empty() ? "told by presenced at " + source.daemon : text);
      return;
    }
    JsonObject object;
    object.add("event", "source");
    if (source.daemon.empty())
      object.add_raw("daemon", "null");
    else
      object.add("daemon", source.daemon);
    keep(context_.out.object(object.add("name", source.name).add("isolated", source.isolated)));
  }

  /// The first failure to print is the last thing that happens.
  void keep(Status shown) {
    if (shown || ended_) return;
    outcome_ = std::move(shown);
    end();
  }
  void end() {
    ended_ = true;
    done_.cancel();
  }

  cli::Context& context_;
  Circle& circle_;
  PeerReactions reactions_;
  std::uint64_t left_;
  asio::steady_timer done_;
  Status outcome_ = ok;
  bool begun_ = false;
  bool ended_ = false;
};

class WatchAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.values("on", reactions_, "EVENT=CMD",
                   "Run CMD on each such event: online, away, suspect, offline, left, forgotten, "
                   "or change for all of them");
    options.value("count", count_, "N", "Exit after N changes; 0: go on");
    declare_peer(options, peer_);
  }

  Status run(cli::Context& context) override {
    return with_circle(context, peer_, [&](Circle& circle) { return watch(context, circle); });
  }

 private:
  asio::awaitable<Status> watch(cli::Context& context, Circle& circle) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
    Watching watching{context, circle, io, reactions_, count_};
    Status watched = co_await watching.run();
    circle.on_change = {};
    circle.on_forgotten = {};
    circle.on_source = {};
    co_return watched;
  }

  std::vector<Reaction> reactions_;
  std::uint64_t count_ = 0;
  PeerOptions peer_;
};

}  // namespace

std::unique_ptr<cli::Action> make_watch() {
  return std::make_unique<WatchAction>();
}

}  // namespace netkit::presence
