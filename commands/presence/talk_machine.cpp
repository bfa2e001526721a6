// The steps of a conversation, and what a proof has to hold.
#include "commands/presence/talk_machine.hpp"

#include <utility>

#include "base/bytes.hpp"
#include "identity/kept_key.hpp"

namespace netkit::presence {
namespace {

constexpr const char* attempt = "talk to the peer";
constexpr std::size_t ping_size_max = 64;

Error refused(std::string hint) {
  return {Errc::refused, "trust the peer", std::move(hint)};
}

}  // namespace

TalkMachine::TalkMachine(Role role, TalkSelf own, std::string certificate, TalkMemory& memory,
                         Hearer& hearer)
    : role_{role},
      own_{std::move(own)},
      certificate_{std::move(certificate)},
      memory_{memory},
      hearer_{hearer} {}

void TalkMachine::begin(std::string& out) const {
  if (role_ == Role::opener)
    append_hello(out, {.nonce = own_.nonce, .key = own_.pair->public_key()});
}

Status TalkMachine::hear(const wire::Frame& frame, std::string& out) {
  if (frame.type == wire::frame_type::error) {
    was_refused_ = true;
    return decode_refusal(frame.body);
  }
  switch (step_) {
    case Step::hello: return hear_hello(frame, out);
    case Step::prove: return hear_prove(frame, out);
    case Step::open: return hear_message(frame, out);
    case Step::over: break;
  }
  return Error{Errc::unexpected, attempt, "it goes on after its goodbye"};
}

Status TalkMachine::hear_hello(const wire::Frame& frame, std::string& out) {
  if (frame.type != wire::frame_type::hello)
    return Error{Errc::unexpected, attempt, "it does not begin with a hello"};
  auto hello = decode_hello(frame.body);
  if (!hello) return hello.error();
  other_ = std::move(*hello);
  if (!expected_key_.empty() && other_.key != expected_key_)
    return refused("another one answers at its address, with the key " +
                   identity::key_fingerprint(other_.key));
  step_ = Step::prove;
  if (role_ == Role::opener) return ok;
  append_hello(out, {.nonce = own_.nonce, .key = own_.pair->public_key()});
  append_own_prove(out);
  return ok;
}

std::string TalkMachine::proven_text(Role role) const {
  const bool opens = role_ == Role::opener;
  std::string text{"netkit peer talk 1"};
  text += '\0';
  text += role == Role::opener ? "opener" : "answerer";
  text += '\0';
  append_be(text, opens ? own_.nonce : other_.nonce);
  append_be(text, opens ? other_.nonce : own_.nonce);
  text += opens ? own_.pair->public_key() : other_.key;
  text += opens ? other_.key : own_.pair->public_key();
  return text + certificate_;
}

void TalkMachine::append_own_prove(std::string& out) const {
  Announcement said = own_.said;
  said.kind = Kind::answer;
  said.nonce = other_.nonce;
  said.about = other_.key;
  append_prove(out, encode(std::move(said), *own_.pair), own_.pair->sign(proven_text(role_)));
}

/// Cheap comparisons first: a signature costs a hundred times more.
Status TalkMachine::check(const Prove& prove, const Announcement& said) const {
  if (said.kind != Kind::answer || said.key != other_.key || said.nonce != own_.nonce ||
      said.about != own_.pair->public_key())
    return refused("its proof is about something else");
  // A certificate that it did not sign for belongs to somebody in between.
  if (role_ == Role::opener && (said.certificate.empty() || said.certificate != certificate_))
    return refused("the certificate of this connection is not the one it vouches for");
  const Role its = role_ == Role::opener ? Role::answerer : Role::opener;
  if (!is_authentic(prove.announcement) ||
      !identity::is_signed_by(other_.key, proven_text(its), prove.proof))
    return refused("its proof is wrong: is somebody between the two?");
  return ok;
}

Status TalkMachine::hear_prove(const wire::Frame& frame, std::string& out) {
  if (frame.type != frame_type::prove)
    return Error{Errc::unexpected, attempt, "it goes on without a proof"};
  const auto prove = decode_prove(frame.body);
  if (!prove) return prove.error();
  auto said = decode(prove->announcement);
  if (!said) return said.error();
  if (Status proved = check(*prove, *said); !proved) return proved;
  peer_ = std::move(*said);
  if (Status met = hearer_.meet(peer_); !met) return met;
  if (role_ == Role::opener) append_own_prove(out);
  step_ = Step::open;
  return ok;
}

Status TalkMachine::hear_message(const wire::Frame& frame, std::string& out) {
  switch (frame.type) {
    case frame_type::say: {
      const auto say = decode_say(frame.body);
      if (!say) return say.error();
      if (!memory_.holds(peer_.key, say->id)) {
        if (Status delivered = hearer_.deliver(peer_, *say); !delivered) return delivered;
        memory_.add(peer_.key, say->id);
      }
      append_ack(out, say->id);
      return ok;
    }
    case frame_type::ack: {
      const auto id = decode_ack(frame.body);
      if (!id) return id.error();
      hearer_.acknowledged(*id);
      return ok;
    }
    case wire::frame_type::ping:
      if (frame.body.size() > ping_size_max) return Errc::too_large;
      wire::append_frame(out, {.type = wire::frame_type::pong,
                               .flags = frame.flags,
                               .stream = frame.stream,
                               .body = frame.body});
      return ok;
    case wire::frame_type::pong: return ok;
    case wire::frame_type::goodbye: step_ = Step::over; return ok;
    default:
      return Error{Errc::unexpected, attempt,
                   "it sends a frame of type " + std::to_string(frame.type)};
  }
}

}  // namespace netkit::presence
