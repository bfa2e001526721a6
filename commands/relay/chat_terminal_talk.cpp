// What a person types and is shown: messages, commands, answers.
#include <utility>

#include "base/text.hpp"
#include "commands/relay/chat_terminal.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t names_kept_max = 5000;

/// As the request that a relay reads.
JsonObject request_of(const Request& request) {
  JsonObject json;
  switch (request.what) {
    case Ask::join:
      return json.add("do", "join").add("room", request.room).add("history", request.history);
    case Ask::part: return json.add("do", "part").add("room", request.room);
    case Ask::nick: return json.add("do", "nick").add("nick", request.nick);
    case Ask::rooms: return json.add("do", "rooms");
    case Ask::who:
      json.add("do", "who");
      return request.room.empty() ? json : json.add("room", request.room);
    case Ask::history:
      json.add("do", "history").add("from", request.from).add("to", request.to);
      if (!request.relay.empty()) return json.add("relay", request.relay);
      json.add("room", request.room);
      return request.history == 0 ? json : json.add("history", request.history);
    case Ask::moderate: {
      constexpr std::string_view names[]{"kick", "mute", "unmute", "ban", "unban"};
      json.add("do", names[static_cast<std::size_t>(request.measure) - 1]);
      json.add("nick", request.nick).add("why", request.text);
      return request.for_s == 0 ? json : json.add("for", request.for_s);
    }
    default: return json;
  }
}

void keep_name(std::set<std::string>& names, std::string_view name) {
  if (names.size() < names_kept_max && !name.empty()) names.insert(one_line(name));
}

}  // namespace

void ChatTerminal::take_line(const std::string& line) {
  about_to_leave_ = false;
  if (trim(line).empty()) return;
  prompt_.remember(line);
  if (trim(line) == "DISCONNECT") return leave(ok);
  if (line.starts_with('/')) return take_command(line);
  say(line);
}

void ChatTerminal::take_command(const std::string& line) {
  Result<Request> request = read_command(line);
  if (!request) return tell(request.error().message());
  perform(*request);
}

void ChatTerminal::perform(const Request& request) {
  Request wanted = request;
  switch (request.what) {
    case Ask::say: return say(request.text);
    case Ask::help: return show(help_lines());
    case Ask::quit: return leave(ok);
    case Ask::direct: {
      const Status told = client_->machine().tell(request.nick, request.text);
      if (!told) tell(told.error().message());
      return client_->flush();
    }
    case Ask::join:
      for (const std::string& each : client_->machine().rooms())
        if (each == request.room) {
          room_ = request.room;
          return show_prompt();
        }
      break;
    case Ask::part:
    case Ask::history:
    case Ask::who:
      if (wanted.room.empty()) wanted.room = room_;
      break;
    default: break;
  }
  ask({wanted.what, wanted.room}, request_of(wanted));
}

void ChatTerminal::say(std::string_view text) {
  if (room_.empty()) return tell("you are in no room; try: /join lobby");
  const Status said = client_->machine().say(room_, text);
  if (!said) return tell(said.error().message());
  if (!client_->machine().is_in()) tell("it is sent once there is a relay again");
  client_->flush();
}

void ChatTerminal::ask(Asked asked, JsonObject request) {
  const int tag = ++last_tag_;
  const bool quietly = asked.quietly;
  const Status sent = client_->machine().ask(tag, std::move(request));
  if (sent) asked_.emplace(tag, std::move(asked));
  if (!sent && !quietly) tell(sent.error().message());
  client_->flush();
}

void ChatTerminal::answer(int tag, const Result<wire::Json>& answer) {
  const auto found = asked_.find(tag);
  if (found == asked_.end()) return;
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  if (answer) return show_answer(asked, *answer);
  if (!asked.quietly) tell(answer.error().message());
}

void ChatTerminal::show_answer(const Asked& asked, const wire::Json& answer) {
  ChatMachine& machine = client_->machine();
  switch (asked.what) {
    case Ask::join:
      room_ = answer.string("room").value_or(asked.room);
      machine.joined(room_);
      keep_name(known_rooms_, room_);
      return show_prompt();
    case Ask::part:
      machine.parted(asked.room);
      if (room_ == asked.room) room_ = machine.rooms().empty() ? "" : machine.rooms().front();
      return show_prompt();
    case Ask::nick:
      nick_ = answer.string("nick").value_or("");
      machine.renamed(nick_);
      return tell("you are called " + one_line(nick_) + " now");
    case Ask::who:
      for (const wire::Json& person : answer.items("people"))
        keep_name(nicks_, person.string("nick").value_or(""));
      return asked.quietly ? void() : show(people_lines(answer, look()));
    case Ask::rooms:
      for (const wire::Json& room : answer.items("rooms"))
        keep_name(known_rooms_, room.string("room").value_or(""));
      return asked.quietly ? void() : show(room_lines(answer));
    case Ask::history: return show(history_lines(answer, look()));
    case Ask::moderate: return tell("done");
    default: return;
  }
}

void ChatTerminal::entered(const ChatWelcome& welcome) {
  ChatMachine& machine = client_->machine();
  const bool was_in = std::exchange(entered_, true);
  nick_ = welcome.nick;
  if (room_.empty() && !machine.rooms().empty()) room_ = machine.rooms().front();
  for (const std::string& each : machine.rooms())
    keep_name(known_rooms_, each);
  const std::string where = one_line(welcome.relay) + " as " + one_line(welcome.nick);
  tell((was_in ? "connected again, to relay " : "connected to relay ") + where +
       (was_in ? "" : "; /help lists commands"));
  ask({Ask::who, {}, true}, JsonObject{}.add("do", "who"));
  ask({Ask::rooms, {}, true}, JsonObject{}.add("do", "rooms"));
  entered_wait_->cancel();
}

void ChatTerminal::lost(const net::Endpoint& relay, const Error& why) {
  tell("lost the relay at " + net::to_text(relay) + ": " + why.message());
}

void ChatTerminal::said(const Said& said, bool own) {
  keep_name(nicks_, said.nick);
  const bool json = context_.out.json();
  if (!out_is_screen_) {
    const Status printed =
        context_.out.line(json ? json_of(said) : one_line(said.nick) + ": " + one_line(said.text));
    if (!printed && failed_) failed_ = printed.error();
    return;
  }
  show(json ? std::vector{json_of(said)} : message_lines(said, own, look()));
}

void ChatTerminal::event(const Event& event) {
  if (event.kind == Event::Kind::joined) keep_name(nicks_, event.nick);
  if (event.kind == Event::Kind::parted && event.room.empty()) nicks_.erase(one_line(event.nick));
  if (event.kind == Event::Kind::renamed) {
    nicks_.erase(one_line(event.nick));
    keep_name(nicks_, event.other);
  }
  if (context_.out.json()) {
    if (wish_.events) show({json_of(event)});
    return;
  }
  const bool elsewhere = look().rooms && !event.room.empty();
  const std::string room = elsewhere ? "[" + one_line(event.room) + "] " : std::string{};
  show({notice_line(event.time_ms, room + sentence_of(event), look())});
}

void ChatTerminal::refused(std::uint64_t, const Error& why) {
  tell("not sent: " + why.message());
}

}  // namespace netkit::relay
