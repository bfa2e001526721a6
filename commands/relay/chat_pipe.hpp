// Chat for scripts: lines of stdin are messages, stdout has what is said, and it ends once all that
// was to be said is acknowledged.
#pragma once

#include <asio/steady_timer.hpp>
#include <optional>

#include "commands/relay/chat_client.hpp"

namespace netkit::relay {

struct PipeWish {
  bool events = false;
  bool listen_only = false;
  std::uint64_t expect = 0;  ///< Messages; 0: not waited for.
  Duration patience{0};      ///< How long the next one may take that is expected.
};

class ChatPipe final : public ChatFace {
 public:
  ChatPipe(const cli::Context& context, PipeWish wish) : context_{context}, wish_{wish} {}

  asio::awaitable<Status> run(ChatClient& client) override;
  void heard(ChatClient& client) override;
  void lost(const net::Endpoint& relay, const Error& why) override;
  void entered(const ChatWelcome& welcome) override;
  void said(const Said& said, bool own) override;
  void event(const Event& event) override;
  void refused(std::uint64_t number, const Error& why) override;
  void answer(int, const Result<wire::Json>&) override {}

 private:
  asio::awaitable<Status> say_all(ChatClient& client);
  asio::awaitable<void> wait(Duration limit);
  void expect_more(ChatClient& client);
  void note(std::string_view what, std::string_view text);
  void keep(Status failed);

  const cli::Context& context_;
  const PipeWish wish_;
  std::optional<asio::steady_timer> wake_;
  std::optional<asio::steady_timer> expecting_;
  std::uint64_t count_ = 0;
  std::uint64_t expected_from_ = 0;
  Status failed_ = ok;
  bool entered_ = false;
};

/// Stray bytes as U+FFFD: a relay takes UTF-8 alone.
std::string as_utf8(std::string_view bytes);

}  // namespace netkit::relay
