// A table of commands, and sentences.
#include "commands/presence/peer_words.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/spoken.hpp"

namespace netkit::presence {
namespace {

using cli::one_line;
using cli::painted;

constexpr std::size_t lines_of_message_max = 200;
constexpr std::string_view dim = "2";
constexpr std::string_view bold = "1";

struct Word {
  std::string_view name;
  PeerRequest::What what;
  bool names_somebody = false;
};

constexpr std::array<Word, 7> words{{{"/away", PeerRequest::What::away},
                                     {"/back", PeerRequest::What::back},
                                     {"/help", PeerRequest::What::help},
                                     {"/list", PeerRequest::What::list},
                                     {"/msg", PeerRequest::What::message, true},
                                     {"/quit", PeerRequest::What::quit},
                                     {"/why", PeerRequest::What::why, true}}};

const Word* find_word(std::string_view name) {
  const auto found = std::ranges::find(words, name, &Word::name);
  return found == words.end() ? nullptr : &*found;
}

Error unknown(std::string_view name) {
  std::vector<std::string_view> all;
  for (const Word& each : words)
    all.push_back(each.name);
  std::string meant = did_you_mean(name, all);
  return {Errc::usage, "do " + one_line(name), meant.empty() ? "/help lists commands" : meant};
}

/// The name at the front of `rest`, which is cut off with what stands around it.
std::string take_name(std::string_view& rest, const std::vector<std::string>& names) {
  if (rest.starts_with('"')) {
    const std::size_t end = rest.find('"', 1);
    const std::string name{rest.substr(1, end == std::string_view::npos ? end : end - 1)};
    rest = end == std::string_view::npos ? std::string_view{} : trim(rest.substr(end + 1));
    return name;
  }
  std::string_view longest = rest.substr(0, rest.find(' '));
  for (const std::string& each : names)
    if (each.size() > longest.size() && rest.starts_with(each) &&
        (rest.size() == each.size() || rest[each.size()] == ' '))
      longest = each;
  std::string name{longest};
  rest = trim(rest.substr(name.size()));
  return name;
}

std::vector<std::string> lines_of(std::string front, std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view part : split(text, '\n')) {
    if (lines.size() == lines_of_message_max) break;
    lines.push_back((lines.empty() ? front + ": " : "      ") + one_line(part));
  }
  return lines;
}

}  // namespace

Result<PeerRequest> read_request(std::string_view line, const std::vector<std::string>& names) {
  PeerRequest request;
  if (trim(line).empty()) return request;
  if (!line.starts_with('/')) {
    request.what = PeerRequest::What::say;
    request.text = line;
    return request;
  }
  const std::string_view name = line.substr(0, line.find(' '));
  const Word* const word = find_word(name);
  if (word == nullptr) return unknown(name);
  request.what = word->what;
  std::string_view rest = trim(line.substr(name.size()));
  if (!word->names_somebody) {
    if (rest.empty()) return request;
    return Error{Errc::usage, "do " + one_line(line), std::string{name} + " stands alone"};
  }
  request.name = take_name(rest, names);
  const bool texts = word->what == PeerRequest::What::message;
  if (request.name.empty() || rest.empty() == texts)
    return Error{Errc::usage, "do " + one_line(line),
                 "expected " + std::string{name} + (texts ? " NAME TEXT" : " NAME")};
  request.text = rest;
  return request;
}

std::vector<std::string> completions(std::string_view before,
                                     const std::vector<std::string>& names) {
  std::vector<std::string> found;
  const std::size_t space = before.find(' ');
  if (space == std::string_view::npos) {
    if (!before.starts_with('/')) return found;
    for (const Word& each : words)
      if (each.name.starts_with(before))
        found.push_back(std::string{each.name} + (each.names_somebody ? " " : ""));
    return found;
  }
  const Word* const word = find_word(before.substr(0, space));
  if (word == nullptr || !word->names_somebody) return found;
  // A name may have spaces: the words of it that are there already stay.
  const std::string_view typed = before.substr(space + 1);
  const std::size_t last = typed.rfind(' ');
  const std::size_t there = last == std::string_view::npos ? 0 : last + 1;
  const std::string_view behind = word->what == PeerRequest::What::message ? " " : "";
  for (const std::string& each : names)
    if (each.starts_with(typed)) found.push_back(each.substr(there) + std::string{behind});
  return found;
}

const std::vector<std::string>& help_lines() {
  static const std::vector<std::string> lines{
      "  TEXT             to whom you wrote last",
      "  /msg NAME TEXT   to that peer, and to nobody else",
      "  /list            who is here, and where",
      "  /why NAME        why somebody is not, as far as the presence daemon knows",
      "  /away, /back     say that you are away, and that you are back",
      "  /quit            leave; ^D does it too",
      "Tab completes commands and names; a name may stand in quotes.",
  };
  return lines;
}

std::vector<std::string> message_lines(const Heard& heard, bool colour) {
  const std::string name = one_line(heard.name);
  return lines_of(painted(cli::clock_text(heard.time_ms), dim, colour) + " " +
                      painted(name, cli::colour_of(name), colour),
                  heard.text);
}

std::vector<std::string> own_message_lines(std::string_view own, std::string_view to,
                                           std::uint64_t time_ms, std::string_view text,
                                           bool colour) {
  return lines_of(painted(cli::clock_text(time_ms), dim, colour) + " " +
                      painted(one_line(own), bold, colour) + " -> " + one_line(to),
                  text);
}

std::string notice_line(std::uint64_t time_ms, std::string_view sentence, bool colour) {
  return painted(cli::clock_text(time_ms) + " * " + std::string{sentence}, dim, colour);
}

std::string sentence_of(const Entry& now, std::optional<State> before) {
  const std::string name = one_line(shown_name(now));
  const bool was_here = before && *before <= State::suspect;
  switch (now.state) {
    case State::online:
      if (before == State::away) return name + " is back";
      return was_here ? "" : name + " is here";
    case State::away: return before == State::away ? "" : name + " is away";
    case State::offline: return was_here ? name + " is offline" : "";
    case State::left: return was_here ? name + " has left" : "";
    case State::suspect:
    case State::forgotten: return "";
  }
  return "";
}

std::string message_line(const Heard& heard) {
  return one_line(heard.name) + ": " + one_line(heard.text);
}

JsonObject message_object(const Heard& heard) {
  const std::chrono::system_clock::time_point said{std::chrono::milliseconds{
      static_cast<std::int64_t>(std::min<std::uint64_t>(heard.time_ms, std::uint64_t{1} << 52))}};
  JsonObject object;
  object.add("event", "message").add("name", heard.name).add("key", to_hex(heard.key));
  object.add("time", to_rfc3339(said)).add("text", heard.text);
  return object;
}

std::string file_line(const HeardFile& heard) {
  return one_line(heard.name) + " sent " + one_line(heard.file) + " (" +
         std::to_string(heard.size) + (heard.size == 1 ? " byte)" : " bytes)");
}

JsonObject file_object(const HeardFile& heard) {
  JsonObject object;
  object.add("event", "file").add("from", heard.name).add("key", to_hex(heard.key));
  object.add("path", escape_for_display(heard.path)).add("size", heard.size);
  return object;
}

}  // namespace netkit::presence
