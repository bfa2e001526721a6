// Entering, sending, hearing.
#include "commands/relay/chat_machine.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/remote_error.hpp"

namespace netkit::relay {
namespace {

constexpr wire::JsonLimits answer_limits{
    .size_max = 8 * 1024 * 1024, .depth_max = 8, .values_max = 500'000};

std::uint64_t natural(const wire::Json& from, std::string_view key) {
  const std::int64_t value = from.integer(key).value_or(0);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

std::string show_vector(const Vector& vector) {
  JsonObject object;
  for (const auto& [log, seq] : vector)
    object.add(to_hex16(log), seq);
  return object.str();
}

Vector read_vector(const wire::Json* from) {
  Vector vector;
  if (!from) return vector;
  for (std::size_t i = 0; i < from->keys().size(); ++i) {
    const auto log = read_hex16(from->keys()[i]);
    const auto seq = from->values()[i].integer();
    if (log && seq && *seq > 0) vector[*log] = static_cast<std::uint64_t>(*seq);
  }
  return vector;
}

/// Of an answer to a message that was not taken.
std::uint64_t number_of(std::string_view body) {
  const Result<wire::Json> answer = wire::Json::parse(body, answer_limits);
  return answer ? natural(*answer, "number") : 0;
}

Error gone() {
  return {Errc::closed, "hear from the relay"};
}

}  // namespace

Error refusal_of(const wire::Frame& frame) {
  const Result<wire::Json> parsed = wire::Json::parse(frame.body, answer_limits);
  if (parsed && parsed->is_object()) return cli::error_of(*parsed);
  return {Errc::refused, "talk to the relay", one_line(frame.body.substr(0, 1024))};
}

ChatMachine::ChatMachine(ChatWish wish, Hearer& hearer)
    : wish_{std::move(wish)}, hearer_{hearer}, rooms_{wish_.room}, nick_{wish_.nick} {}

void ChatMachine::greeted(Instant now) {
  if (was_in_) seen_.resumed(now);
  enter_id_ = ++last_request_;
  send_request(enter_id_, enter_request());
}

std::string ChatMachine::enter_request() const {
  JsonObject request;
  request.add("do", "enter").add("secret", wish_.secret).add("events", wish_.events);
  if (!nick_.empty()) request.add("nick", nick_);
  std::string rooms;
  for (const std::string& name : rooms_) {
    JsonObject room;
    room.add("room", name);
    if (!was_in_ && wish_.history > 0) room.add("history", wish_.history);
    rooms += (rooms.empty() ? "" : ",") + room.str();
  }
  request.add_raw("rooms", "[" + rooms + "]");
  if (was_in_) request.add_raw("seen", show_vector(resume_));
  return request.str();
}

void ChatMachine::send_request(std::uint32_t id, std::string_view body) {
  wire::append_frame(output_, {.type = frame_type::ask, .stream = id, .body = body});
}

Status ChatMachine::take(const wire::Frame& frame, Instant now) {
  switch (frame.type) {
    case frame_type::said:
    case frame_type::told: {
      const Result<Said> said = decode_said(frame);
      if (!said) return said.error();
      const bool own = sender_ != 0 && said->sender == sender_;
      if (own) own_heard_ = std::max(own_heard_, said->number);
      if (seen_.take(*said, now)) hearer_.said(*said, own);
      return ok;
    }
    case frame_type::ack: {
      const Result<std::uint64_t> number = decode_ack(frame);
      if (!number) return number.error();
      outbox_.acknowledge(*number);
      return ok;
    }
    case frame_type::answer: return take_answer(frame, now);
    case frame_type::event: {
      std::string kept;
      const Result<Event> event = read_event(frame.body, kept);
      // A newer relay may tell of what this client does not know.
      if (event) hearer_.event(*event);
      return ok;
    }
    case wire::frame_type::ping:
      wire::append_frame(output_, {.type = wire::frame_type::pong, .body = frame.body});
      return ok;
    case wire::frame_type::error: return refusal_of(frame);
    case wire::frame_type::goodbye: return gone();
    default: return ok;
  }
}

Status ChatMachine::take_answer(const wire::Frame& frame, Instant now) {
  const bool entering = !in_ && frame.stream == enter_id_;
  const auto asked = asked_.find(frame.stream);
  if (!entering && frame.stream != 0 && asked == asked_.end()) return ok;
  Result<wire::Json> answer = wire::Json::parse(frame.body, answer_limits);
  if (answer && !answer->is_object()) answer = Error{Errc::malformed, "read the relay's answer"};
  if (answer && answer->boolean("ok") != true) answer = cli::error_of(*answer);
  if (entering) return answer ? welcome(*answer, now) : answer.error();
  if (frame.stream == 0) {
    if (!answer) refuse(number_of(frame.body), answer.error());
    return ok;
  }
  const int tag = asked->second;
  asked_.erase(asked);
  hearer_.answer(tag, answer);
  return ok;
}

Status ChatMachine::welcome(const wire::Json& answer, Instant now) {
  const auto sender = read_hex16(answer.string("sender").value_or(""));
  const auto nick = answer.string("nick");
  if (!sender || !nick) return Error{Errc::malformed, "read the relay's welcome"};
  sender_ = *sender;
  nick_ = std::string{*nick};
  if (const std::uint64_t text_max = natural(answer, "text_max"); text_max > 0)
    text_max_ = text_max;
  if (!was_in_)
    seen_.begin(read_vector(answer.find("have")));
  else
    seen_.resumed(now);
  in_ = true;
  const bool again = std::exchange(was_in_, true);
  if (!answer.items("rooms").empty()) rooms_.clear();
  for (const wire::Json& each : answer.items("rooms"))
    joined(each.string("room").value_or(""));
  resend(answer);
  hearer_.entered(
      {.relay = std::string{answer.string("relay").value_or("")}, .nick = nick_, .again = again});
  return ok;
}

/// Beyond what the relay knows. "acked" is less than that where it promises more than memory and
/// has not kept all yet; it acknowledges the rest when it has.
void ChatMachine::resend(const wire::Json& welcome) {
  const std::uint64_t known = natural(welcome, "known");
  outbox_.acknowledge(welcome.find("acked") ? natural(welcome, "acked") : known);
  std::vector<std::uint64_t> too_large;
  outbox_.above(known, [&](const ChatOutbox::Message& message) {
    if (message.text.size() > text_max_)
      too_large.push_back(message.number);
    else
      send(message);
  });
  for (const std::uint64_t number : too_large)
    refuse(number, too_large_error());
}

Error ChatMachine::too_large_error() const {
  return {Errc::too_large, "send so long a text",
          "the relay takes " + std::to_string(text_max_) + " bytes"};
}

void ChatMachine::refuse(std::uint64_t number, const Error& why) {
  if (outbox_.refuse(number)) hearer_.refused(number, why);
}

void ChatMachine::send(const ChatOutbox::Message& message) {
  if (message.direct)
    append_direct(output_, {.number = message.number, .to = message.where, .text = message.text});
  else
    append_say(output_, {.number = message.number, .room = message.where, .text = message.text});
}

void ChatMachine::lost(Instant now) {
  if (in_ || !was_in_) resume_ = seen_.resume_at(now);
  in_ = false;
  output_.clear();
  for (const auto& [id, tag] : std::exchange(asked_, {}))
    hearer_.answer(tag, gone());
}

Status ChatMachine::say(std::string_view room, std::string_view text) {
  return add(false, room, text);
}

Status ChatMachine::tell(std::string_view nick, std::string_view text) {
  return add(true, nick, text);
}

Status ChatMachine::add(bool direct, std::string_view where, std::string_view text) {
  if (text.size() > text_max_) return too_large_error();
  if (!may_say())
    return Error{Errc::busy, "send more", std::to_string(window) + " messages wait already"};
  const ChatOutbox::Message& message = outbox_.add(direct, where, text);
  if (in_) send(message);
  return ok;
}

Status ChatMachine::ask(int tag, JsonObject request) {
  if (!in_) return Error{Errc::closed, "ask", "there is no relay at the moment"};
  if (asked_.size() >= asked_max) return Error{Errc::busy, "ask", "the relay has not answered yet"};
  const std::uint32_t id = ++last_request_;
  asked_.emplace(id, tag);
  send_request(id, request.str());
  return ok;
}

void ChatMachine::joined(std::string_view room) {
  if (room.empty()) return;
  const bool known = std::find(rooms_.begin(), rooms_.end(), room) != rooms_.end();
  if (!known && rooms_.size() < rooms_max) rooms_.emplace_back(room);
}

void ChatMachine::parted(std::string_view room) {
  std::erase(rooms_, room);
  seen_.forget(room);
}

void ChatMachine::renamed(std::string_view nick) {
  nick_ = std::string{nick};
}

}  // namespace netkit::relay
