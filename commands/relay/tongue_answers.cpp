// What the answers to requests say to those who speak plain text.
#include "base/text.hpp"
#include "commands/relay/tongue.hpp"
#include "wire/json.hpp"

namespace netkit::relay {
namespace {

using wire::Json;

// An answer is our own, and a long history in it is no attack.
constexpr wire::JsonLimits limits{.size_max = 64 * 1024 * 1024, .values_max = 4'000'000};

std::string text_in(const Json& object, std::string_view key) {
  return as_line(object.string(key).value_or(""));
}

void put(std::string& out, std::string_view line) {
  out.append("* ").append(line) += '\n';
}

std::string counted(std::int64_t count, std::string_view one, std::string_view several) {
  return std::to_string(count).append(" ").append(count == 1 ? one : several);
}

void put_people(std::string& out, const Json& answer) {
  const auto people = answer.items("people");
  put(out, counted(static_cast<std::int64_t>(people.size()), "person:", "people:"));
  for (const Json& each : people) {
    std::string line = text_in(each, "nick");
    if (const std::string at = text_in(each, "relay"); !at.empty()) line += " at " + at;
    std::string rooms;
    for (const Json& room : each.items("rooms"))
      rooms.append(rooms.empty() ? " in " : ", ").append(as_line(room.string().value_or("")));
    line += rooms;
    if (const std::string since = text_in(each, "since"); !since.empty()) line += " since " + since;
    if (each.boolean("away").value_or(false)) line += ", away";
    put(out, line);
  }
}

void put_rooms(std::string& out, const Json& answer) {
  const auto rooms = answer.items("rooms");
  put(out, counted(static_cast<std::int64_t>(rooms.size()), "room:", "rooms:"));
  for (const Json& each : rooms)
    put(out, text_in(each, "room") + ": " +
                 counted(each.integer("people").value_or(0), "person", "people"));
}

void put_history(std::string& out, const Json& answer) {
  if (const std::int64_t missing = answer.integer("missing").value_or(0); missing > 0)
    put(out, counted(missing, "message is", "messages are") +
                 (answer.find("relay") ? " kept nowhere in reach" : " no longer kept here"));
  for (const Json& each : answer.items("messages")) {
    out += text_in(each, "nick");
    if (const std::string to = text_in(each, "to"); !to.empty()) out.append(" -> ").append(to);
    out.append(": ").append(text_in(each, "text")) += '\n';
  }
  if (const std::string rest = text_in(answer, "rest"); !rest.empty())
    put(out, "there is more: /history " + rest);
}

void put_rest(std::string& out, const Json& answer) {
  const std::string nick = text_in(answer, "nick");
  const Json* const place = answer.find("place");
  const std::string room = text_in(place ? *place : answer, "room");
  if (!nick.empty()) {
    std::string rooms;
    for (const Json& each : answer.items("rooms"))
      rooms.append(rooms.empty() ? " in " : ", ").append(text_in(each, "room"));
    return put(out, "you are " + nick + rooms);
  }
  if (room.empty()) return put(out, "done");
  put(out, (place ? "you are in " : "you left ") + room);
}

}  // namespace

std::string words_of_answer(std::string_view json) {
  const Result<Json> answer = Json::parse(json, limits);
  std::string out;
  if (!answer || !answer->is_object()) {
    put(out, "the answer cannot be shown");
  } else if (!answer->boolean("ok").value_or(true)) {
    put(out, as_line(answer->string("error").value_or("that was refused")));
  } else if (const auto help = answer->string("help")) {
    for (const std::string_view line : split(*help, '\n'))
      if (!line.empty()) put(out, as_line(line));
  } else if (answer->find("people")) {
    put_people(out, *answer);
  } else if (answer->find("messages")) {
    put_history(out, *answer);
  } else if (answer->find("rooms") && !answer->find("nick")) {
    put_rooms(out, *answer);
  } else {
    put_rest(out, *answer);
  }
  return out;
}

}  // namespace netkit::relay
