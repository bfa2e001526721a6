// Colours, clocks and lists.
#include "commands/relay/chat_words.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "cli/spoken.hpp"

namespace netkit::relay {
namespace {

using cli::clock_text;
using cli::colour_of;
using cli::painted;

constexpr std::size_t lines_of_message_max = 200;

constexpr std::array<std::string_view, 13> commands{
    "/help", "/history ", "/join ", "/kick ", "/msg ", "/mute ",  "/nick ",
    "/part", "/quit",     "/rooms", "/who",   "/ban ", "/unmute "};

std::string text_of(const wire::Json& from, std::string_view key) {
  return one_line(from.string(key).value_or(""));
}

bool expects_room(std::string_view command) {
  return command == "/join" || command == "/part" || command == "/leave";
}

bool expects_nick(std::string_view command) {
  for (const std::string_view each : {"/msg", "/kick", "/mute", "/unmute", "/ban", "/unban"})
    if (command == each) return true;
  return false;
}

void add_matching(std::vector<std::string>& found, std::string_view word,
                  const std::set<std::string>& names, std::string_view behind) {
  for (const std::string& each : names)
    if (each.starts_with(word)) found.push_back(each + std::string{behind});
}

}  // namespace

std::vector<std::string> message_lines(const Said& said, bool own, const ChatLook& look) {
  const std::string nick = one_line(said.nick);
  std::string front = painted(clock_text(said.time_ms), "2", look.colour) + " ";
  if (look.rooms && !said.room.empty()) front += "[" + one_line(said.room) + "] ";
  front += painted(nick, own ? "1" : colour_of(nick), look.colour);
  if (said.room.empty()) front += " -> " + one_line(said.to);
  std::vector<std::string> lines;
  for (const std::string_view part : split(said.text, '\n')) {
    if (lines.size() == lines_of_message_max) break;
    lines.push_back((lines.empty() ? front + ": " : "      ") + one_line(part));
  }
  return lines;
}

std::string notice_line(std::uint64_t time_ms, std::string_view sentence, const ChatLook& look) {
  return painted(clock_text(time_ms) + " * " + std::string{sentence}, "2", look.colour);
}

std::vector<std::string> people_lines(const wire::Json& answer, const ChatLook& look) {
  std::vector<std::string> lines;
  for (const wire::Json& person : answer.items("people")) {
    const std::string nick = text_of(person, "nick");
    std::string rooms;
    for (const wire::Json& room : person.items("rooms"))
      rooms += (rooms.empty() ? "" : ", ") + one_line(room.string().value_or(""));
    std::string line = "  " + painted(nick, colour_of(nick), look.colour) + "  at " +
                       text_of(person, "relay") + (rooms.empty() ? "" : ", in " + rooms);
    if (person.boolean("away").value_or(false)) line += " (away)";
    lines.push_back(std::move(line));
  }
  if (lines.empty()) lines.emplace_back("  nobody");
  return lines;
}

std::vector<std::string> room_lines(const wire::Json& answer) {
  std::vector<std::string> lines;
  for (const wire::Json& room : answer.items("rooms"))
    lines.push_back("  " + text_of(room, "room") + "  " +
                    std::to_string(room.integer("people").value_or(0)));
  if (lines.empty()) lines.emplace_back("  no room with anybody in it");
  return lines;
}

std::vector<std::string> history_lines(const wire::Json& answer, const ChatLook& look) {
  std::vector<std::string> lines;
  if (const std::int64_t missing = answer.integer("missing").value_or(0); missing > 0)
    lines.push_back("  " + std::to_string(missing) + " are not kept any more");
  for (const wire::Json& each : answer.items("messages")) {
    Said said;
    said.time_ms = read_time(each.string("time").value_or("")).value_or(0);
    said.room = each.string("room").value_or("");
    said.to = each.string("to").value_or("");
    said.nick = each.string("nick").value_or("");
    said.text = each.string("text").value_or("");
    for (std::string& line : message_lines(said, false, look))
      lines.push_back(std::move(line));
  }
  if (const std::string rest = text_of(answer, "rest"); !rest.empty())
    lines.push_back("  there is more: /history " + rest);
  if (lines.empty()) lines.emplace_back("  nothing was said here");
  return lines;
}

const std::vector<std::string>& help_lines() {
  static const std::vector<std::string> lines{
      "  /nick NAME        be called otherwise",
      "  /who [ROOM]       who is here",
      "  /join ROOM [N]    be there, too, with its last N messages",
      "  /part [ROOM]      leave it",
      "  /rooms            where people are",
      "  /msg NICK TEXT    for one person alone",
      "  /history [N]      what was said last; FROM..TO: those messages",
      "  /history RELAY:FROM..TO   of a relay, as it is told when messages were skipped",
      "  /quit             leave; so do DISCONNECT, ^D, and ^C twice",
      "  //text            says a text that begins with a slash",
      "  /kick NICK, /mute NICK [DUR], /ban NICK [DUR]   for those who may",
  };
  return lines;
}

std::vector<std::string> completions(std::string_view before, const std::set<std::string>& nicks,
                                     const std::set<std::string>& rooms) {
  std::vector<std::string> found;
  const std::size_t space = before.rfind(' ');
  if (space == std::string_view::npos) {
    if (before.starts_with('/')) {
      for (const std::string_view each : commands)
        if (each.starts_with(before)) found.emplace_back(each);
      std::sort(found.begin(), found.end());
    } else if (!before.empty()) {
      add_matching(found, before, nicks, ": ");
    }
    return found;
  }
  const std::string_view command = before.substr(0, before.find(' '));
  const std::string_view word = before.substr(space + 1);
  if (expects_room(command))
    add_matching(found, word, rooms, "");
  else if (expects_nick(command) || !word.empty())
    add_matching(found, word, nicks, " ");
  return found;
}

}  // namespace netkit::relay
