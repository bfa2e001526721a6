// `netkit peer listen`, which prints what arrives, and `netkit peer` itself.
#include <asio/steady_timer.hpp>

#include "cli/prompt.hpp"
#include "commands/presence/member.hpp"
#include "commands/presence/peer_pipe.hpp"
#include "commands/presence/peer_terminal.hpp"
#include "commands/presence/peer_verbs.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

/// Is here, and prints.
class Listener final : public Face {
 public:
  Listener(const cli::Context& context, std::uint64_t count) : context_{context}, count_{count} {}

  asio::awaitable<Status> run(Member& member) override {
    member_ = &member;
    if (Status whole = co_await member.circle().complete(); !whole) co_return whole;
    asio::steady_timer ended{co_await asio::this_coro::executor,
                             std::chrono::steady_clock::time_point::max()};
    std::error_code woken;
    co_await ended.async_wait(net::into(woken));
    co_return ok;
  }

  Status heard(const Heard& message) override {
    if (count_ > 0 && heard_ >= count_)
      return Error{Errc::stopped, "take more messages", "this peer goes"};
    Status printed = context_.out.json() ? context_.out.object(message_object(message))
                                         : context_.out.line(message_line(message));
    if (!printed || ++heard_ == count_) member_->end(printed);
    return printed;
  }
  void arrived(const HeardFile& file) override {
    const Status printed = context_.out.json() ? context_.out.object(file_object(file))
                                               : context_.out.line(file_line(file));
    if (!printed || ++heard_ == count_) member_->end(printed);
  }
  void changed(const Entry&, std::optional<State>) override {}
  void source(const Circle::Source&) override {}

 private:
  const cli::Context& context_;
  const std::uint64_t count_;
  std::uint64_t heard_ = 0;
  Member* member_ = nullptr;
};

class ListenAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    declare_member(options, member_);
    options.value("count", count_, "N", "End after so many messages and files; 0: go on");
  }
  Status run(cli::Context& context) override {
    return Member::run(context, {.options = member_, .sink = nullptr},
                       [&] { return std::make_unique<Listener>(context, count_); });
  }

 private:
  MemberOptions member_;
  std::uint64_t count_ = 0;
};

class PeerAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override { declare_member(options, member_); }

  Status run(cli::Context& context) override {
    if (!context.terminal.interactive())
      return Member::run(context, {.options = member_, .sink = nullptr},
                         [&] { return std::make_unique<PeerPipe>(context); });
    return cli::with_log_above(context, [this](const cli::Context& own, cli::AbovePrompt* log) {
      const Result<std::string> state = peer_state(own, member_.peer);
      const cli::Prompt::Wish wish{.history = state ? *state + "/typed" : "", .log = log};
      return Member::run(own, {.options = member_, .sink = log},
                         [&] { return std::make_unique<PeerTerminal>(own, wish); });
    });
  }

 private:
  MemberOptions member_;
};

}  // namespace

std::unique_ptr<cli::Action> make_listen() {
  return std::make_unique<ListenAction>();
}

std::unique_ptr<cli::Action> make_peer() {
  return std::make_unique<PeerAction>();
}

}  // namespace netkit::presence
