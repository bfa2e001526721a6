// A conversation between two peers, from either side: hello, proof, then messages and their
// acknowledgement. Fed frames, it appends frames; owns no socket and reads no clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "commands/presence/announcement.hpp"
#include "commands/presence/message.hpp"
#include "commands/presence/talk_memory.hpp"
#include "identity/key_pair.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {

/// Who we are in one conversation.
struct TalkSelf {
  const identity::KeyPair* pair = nullptr;  ///< Outlives the conversation.
  /// What we say of ourselves: name, tags, instance, a fresh sequence, ports, certificate.
  Announcement said;
  std::uint64_t nonce = 0;  ///< Random, of this conversation alone.
};

class TalkMachine {
 public:
  enum class Role : std::uint8_t { opener, answerer };

  /// Who is told what comes of it.
  class Hearer {
   public:
    /// The other side has proved to be `peer`. An error is the last word: it is not to be trusted.
    virtual Status meet(const Announcement& peer) = 0;
    /// A message, once, however often it comes. An error ends the conversation, and the message
    /// counts as not delivered.
    virtual Status deliver(const Announcement& peer, const Say& say) = 0;
    /// The other side has delivered what we said.
    virtual void acknowledged(std::uint64_t id) = 0;

   protected:
    ~Hearer() = default;
  };

  /// `certificate` is the SHA-256 (32 bytes) of the one that the answerer shows in this TLS
  /// session. `memory` and `hearer` outlive this.
  TalkMachine(Role role, TalkSelf own, std::string certificate, TalkMemory& memory, Hearer& hearer);

  /// The opener talks to this key (32 bytes) only.
  void expect(std::string key) { expected_key_ = std::move(key); }
  /// What the opener sends first; nothing for the answerer.
  void begin(std::string& out) const;
  /// Takes a frame and appends what it asks for. An error is final: Errc::refused for who is not
  /// trusted, and for what the other side refuses.
  Status hear(const wire::Frame& frame, std::string& out);

  /// Both have proved who they are, as far as this side can tell: messages may follow.
  bool is_open() const { return step_ == Step::open; }
  /// The other side took its leave.
  bool is_over() const { return step_ == Step::over; }
  /// The last error is one that the other side sent: it needs no answer.
  bool was_refused() const { return was_refused_; }
  /// Once it is open.
  const Announcement& peer() const { return peer_; }
  const Announcement& own() const { return own_.said; }

 private:
  enum class Step : std::uint8_t { hello, prove, open, over };

  Status hear_hello(const wire::Frame& frame, std::string& out);
  Status hear_prove(const wire::Frame& frame, std::string& out);
  Status hear_message(const wire::Frame& frame, std::string& out);
  Status check(const Prove& prove, const Announcement& said) const;
  std::string proven_text(Role role) const;
  void append_own_prove(std::string& out) const;

  const Role role_;
  const TalkSelf own_;
  const std::string certificate_;
  TalkMemory& memory_;
  Hearer& hearer_;
  std::string expected_key_;
  Step step_ = Step::hello;
  bool was_refused_ = false;
  TalkHello other_;
  Announcement peer_;
};

}  // namespace netkit::presence
