// The client's side of a conversation with relays, without I/O: what is sent, again after a relay
// was lost, what is shown, once, and what was asked. The chat command feeds it frames and sends
// what it says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "commands/relay/chat_outbox.hpp"
#include "commands/relay/chat_seen.hpp"
#include "commands/relay/client_protocol.hpp"
#include "wire/json.hpp"

namespace netkit::relay {

struct ChatWish {
  std::string nick;  ///< Empty: the relay chooses.
  std::string room;  ///< The first one.
  std::uint64_t history = 0;
  std::string secret;  ///< 64 hex digits.
  bool events = false;
};

/// What a relay said when it let us in.
struct ChatWelcome {
  std::string relay;
  std::string nick;
  bool again = false;  ///< Not the first one.
};

class ChatMachine {
 public:
  class Hearer {
   public:
    virtual ~Hearer() = default;
    virtual void entered(const ChatWelcome& welcome) = 0;
    /// Each once. `own`: the client said it itself.
    virtual void said(const Said& said, bool own) = 0;
    virtual void event(const Event& event) = 0;
    /// Something that the client said was not taken.
    virtual void refused(std::uint64_t number, const Error& why) = 0;
    /// What was asked by ask(); `tag` is the asker's.
    virtual void answer(int tag, const Result<wire::Json>& answer) = 0;
  };

  ChatMachine(ChatWish wish, Hearer& hearer);

  /// A relay has greeted: asks it to be let in.
  void greeted(Instant now);
  /// Errors end the connection, which is then lost() like any other; Errc::refused and what cannot
  /// be read count against the relay.
  Status take(const wire::Frame& frame, Instant now);
  /// The connection is gone. What was asked is answered with Errc::closed.
  void lost(Instant now);
  bool is_in() const { return in_; }

  /// Something for a room, or for one person: sent now or when there is a relay.
  /// Errc::too_large beyond the relay's limit. Only while may_say().
  Status say(std::string_view room, std::string_view text);
  Status tell(std::string_view nick, std::string_view text);
  bool may_say() const { return outbox_.unacknowledged() < window; }
  std::size_t unacknowledged() const { return outbox_.unacknowledged(); }
  /// Each growth says that the relay works for us.
  std::uint64_t acknowledged() const { return outbox_.acknowledged(); }
  /// All that was said, and not refused, is acknowledged and has come back.
  bool is_heard() const {
    return outbox_.unacknowledged() == 0 && own_heard_ >= outbox_.last_taken();
  }

  /// A request {"do":…,}; Errc::closed while there is no relay, Errc::busy for too many at a time.
  Status ask(int tag, JsonObject request);
  /// Rooms that are entered again after a loss.
  void joined(std::string_view room);
  void parted(std::string_view room);
  const std::vector<std::string>& rooms() const { return rooms_; }
  void renamed(std::string_view nick);
  const std::string& nick() const { return nick_; }
  /// Our key, as the relay made it of the secret; 0 before.
  SenderKey sender() const { return sender_; }

  /// What is to be sent; taken by that.
  std::string take_output() { return std::exchange(output_, {}); }
  bool has_output() const { return !output_.empty(); }

  static constexpr std::size_t window = 256;
  static constexpr std::size_t asked_max = 64;
  static constexpr std::size_t rooms_max = 32;

 private:
  std::string enter_request() const;
  void send_request(std::uint32_t id, std::string_view body);
  Status take_answer(const wire::Frame& frame, Instant now);
  Status welcome(const wire::Json& answer, Instant now);
  void resend(const wire::Json& welcome);
  void refuse(std::uint64_t number, const Error& why);
  Error too_large_error() const;
  void send(const ChatOutbox::Message& message);
  Status add(bool direct, std::string_view where, std::string_view text);

  const ChatWish wish_;
  Hearer& hearer_;
  ChatOutbox outbox_;
  ChatSeen seen_;
  std::vector<std::string> rooms_;
  std::string nick_;
  std::string output_;
  std::map<std::uint32_t, int> asked_;
  std::uint32_t last_request_ = 0;
  std::uint32_t enter_id_ = 0;
  SenderKey sender_ = 0;
  std::uint64_t own_heard_ = 0;
  std::size_t text_max_ = 64 * 1024;
  Vector resume_;
  bool in_ = false;
  bool was_in_ = false;
};

/// What a frame of type error says.
Error refusal_of(const wire::Frame& frame);

}  // namespace netkit::relay
