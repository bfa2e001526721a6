// What relays tell each other by the channel beside bundles: beats, and who is there.
#include <iterator>
#include <span>
#include <utility>

#include "base/bytes.hpp"
#include "commands/relay/redis_desk.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t messages_max = 1'024;

std::string own_roster(const Mesh& mesh) {
  std::vector<const Person*> people;
  mesh.roster().each("", [&](const Person& person) {
    if (person.log == mesh.log()) people.push_back(&person);
  });
  std::vector<std::string> frames;
  append_roster(frames, mesh.log(), mesh.last(), people);
  std::string message = "r";
  for (const std::string& frame : frames)
    message += frame;
  return message;
}

/// All parts of a roster; nullopt for what is none.
std::optional<RosterPart> read_roster(std::string_view message) {
  std::vector<char> bytes{message.begin(), message.end()};
  std::span<char> left{bytes};
  wire::FrameDecoder decoder{link_frame_size_max};
  std::optional<RosterPart> whole;
  while (!left.empty()) {
    const auto frame = decoder.next(left);
    if (!frame || !frame->message || frame->used == 0) return std::nullopt;
    Result<RosterPart> part = decode_roster(frame->message->body);
    if (!part || (whole && whole->log != part->log)) return std::nullopt;
    if (!whole) {
      whole = *std::move(part);
    } else {
      if (whole->people.size() + part->people.size() > Mesh::roster_people_max) return std::nullopt;
      std::move(part->people.begin(), part->people.end(), std::back_inserter(whole->people));
    }
    left = left.subspan(frame->used);
  }
  return whole;
}

}  // namespace

void RedisDesk::add_task(Task task) {
  if (tasks_.size() < messages_max) tasks_.push_back(std::move(task));
}

void RedisDesk::say(std::string message) {
  if (messages_.size() < messages_max) messages_.push_back(std::move(message));
  changed_.notify_all();
}

void RedisDesk::hear(std::string_view message) {
  if (message.empty()) return;
  const char kind = message.front();
  message.remove_prefix(1);
  std::unique_lock lock{mutex_};
  if (kind == 'b') {
    reader_.hear(message);
    take_ready();
    if (reader_.is_behind()) changed_.notify_all();
  } else if (kind == 'h') {
    if (Result<RelayFacts> facts = decode_facts(message); facts)
      add_task(
          [facts = *std::move(facts)](Mesh& mesh, Moment now) { (void)mesh.learn(facts, now); });
  } else if (kind == 'w') {
    if (const Result<LogId> log = decode_want_roster(message); log && *log == own_log_)
      add_task([this](Mesh& mesh, Moment) {
        std::string roster = own_roster(mesh);
        const std::lock_guard held{mutex_};
        say(std::move(roster));
      });
  } else if (kind == 'r') {
    if (std::optional<RosterPart> roster = read_roster(message); roster)
      add_task([roster = *std::move(roster)](Mesh& mesh, Moment) {
        mesh.learn_roster(roster.log, roster.as_of, roster.people);
      });
  }
  post_drain(lock);
}

/// In each beat, too: who is at relays that no link leads to?
void RedisDesk::ask_beat() {
  std::unique_lock lock{mutex_};
  add_task([this](Mesh& mesh, Moment now) {
    std::string facts;
    for (const RelayFacts& relay : mesh.relays())
      if (relay.log == mesh.log()) append_facts(facts, relay);
    const std::vector<LogId> rosters = mesh.rosters_due(now);
    const std::lock_guard held{mutex_};
    facts_ = facts;
    say("h" + facts);
    for (const LogId log : rosters) {
      std::string want = "w";
      append_be(want, log);
      say(std::move(want));
    }
  });
  post_drain(lock);
}

std::optional<std::string> RedisDesk::next_message() {
  const std::lock_guard lock{mutex_};
  if (messages_.empty()) return std::nullopt;
  std::string message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

}  // namespace netkit::relay
