// Chat's connection: to one relay after the other, until it is told to end or none is left. Moves
// bytes between the stream and the machine; what is shown and typed is the face's.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "cli/client.hpp"
#include "cli/credential.hpp"
#include "commands/relay/chat_machine.hpp"
#include "commands/relay/chat_turns.hpp"
#include "net/message_reader.hpp"

namespace netkit::relay {

class ChatClient;

/// Whoever sits in front: a script's pipes or a person's terminal.
class ChatFace : public ChatMachine::Hearer {
 public:
  /// Reads what is to be said, and tells `client` when all is done. Ends with an error, or when
  /// there is nothing more to read.
  virtual asio::awaitable<Status> run(ChatClient& client) = 0;
  /// A batch of what was heard is done.
  virtual void heard(ChatClient& client) = 0;
  virtual void lost(const net::Endpoint& relay, const Error& why) = 0;
};

struct ChatPlan {
  std::vector<net::Endpoint> relays;  ///< Complete; at least one.
  cli::ClientOptions client;
  cli::Credential credential;
  ChatPatience patience;
  ChatWish wish;
};

class ChatClient {
 public:
  ChatClient(const cli::Context& context, asio::any_io_executor executor, ChatPlan plan,
             std::unique_ptr<ChatFace> face);

  ChatMachine& machine() { return machine_; }
  ChatFace& face() { return *face_; }
  /// The machine has something to send.
  void flush() { wake_.cancel(); }
  /// Ends the conversation, after what waits was sent if that was all right.
  void end(Status outcome);
  bool ending() const { return ending_; }

  /// Until the end. `self` is this, kept alive by what is still under way after it.
  static asio::awaitable<Status> run(std::shared_ptr<ChatClient> self);

 private:
  using Reader = net::MessageReader<wire::FrameDecoder>;

  static asio::awaitable<void> go_round(std::shared_ptr<ChatClient> self);
  static asio::awaitable<void> run_face(std::shared_ptr<ChatClient> self);
  asio::awaitable<Status> converse(const net::Endpoint& to);
  asio::awaitable<Status> greet(const net::Endpoint& to, net::Stream& stream, Reader& reader);
  asio::awaitable<Status> read(net::Stream& stream, Reader& reader);
  asio::awaitable<Status> write(net::Stream& stream);
  asio::awaitable<bool> go_on(const net::Endpoint& relay, const Error& why);
  asio::awaitable<void> pause();
  Status check_progress(Instant now);
  void stop_both(net::Stream& stream);
  void finish(Status outcome);

  const cli::Context& context_;
  const ChatPlan plan_;
  std::unique_ptr<ChatFace> face_;
  ChatMachine machine_;
  ChatTurns turns_;
  cli::BackOff back_off_;
  asio::steady_timer wake_;
  asio::steady_timer done_;
  const Duration heartbeat_;
  net::Stream* stream_ = nullptr;  // While there is a conversation.
  Instant heard_at_{0};
  Instant entered_at_{0};
  Instant progress_at_{0};
  std::uint64_t progress_ = 0;
  std::size_t stalls_ = 0;
  std::optional<Status> outcome_;
  bool ending_ = false;
  bool one_half_ended_ = false;
};

}  // namespace netkit::relay
