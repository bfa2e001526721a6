// Who is here, at which relay and in which rooms, as the logs of all relays tell it. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "commands/relay/record.hpp"

namespace netkit::relay {

struct Person {
  SenderKey sender = 0;
  std::string nick;      ///< As it calls itself.
  std::string nick_key;  ///< identity::name_key() of it: equal for what looks alike.
  LogId log = 0;         ///< The relay's run that it is at.
  std::uint64_t since_ms = 0;
  std::set<std::string, std::less<>> rooms;
};

/// At most people_max; who comes beyond that is not listed, nor rooms beyond rooms_max of one.
class Roster {
 public:
  /// `own` is the log of this relay: who enters there is there, whatever the others' clocks say.
  explicit Roster(LogId own = 0) : own_{own} {}

  /// An enter, leave, join, part or nick record of `log`; others are ignored. A sender that enters
  /// at another log has moved there, unless it came to where it is later.
  void apply(LogId log, const Record& record);
  /// Everybody who is at `log` now, instead of what was known.
  void replace(LogId log, std::vector<Person> people);
  void forget(LogId log);

  const Person* find(SenderKey sender) const;
  /// Those called so; more than one is a clash.
  std::vector<const Person*> called(std::string_view nick) const;
  bool is_clash(const Person& person) const;
  std::size_t count(LogId log) const;
  std::size_t count() const { return people_.size(); }
  /// Members of a room, or everybody for an empty one, in no order.
  void each(std::string_view room, const std::function<void(const Person&)>& see) const;
  /// Everybody at `log`.
  void each_at(LogId log, const std::function<void(const Person&)>& see) const;
  /// Rooms with how many are in them.
  std::map<std::string, std::size_t> rooms() const;

  static constexpr std::size_t people_max = 200'000;
  static constexpr std::size_t rooms_max = 256;

 private:
  using SenderSet = std::unordered_set<SenderKey>;

  void enter(Person person);
  void remove(SenderKey sender);
  void rename(Person& person, std::string_view nick);
  void join(Person& person, std::string_view room);
  void part(Person& person, std::string_view room);

  LogId own_;
  std::unordered_map<SenderKey, Person> people_;
  std::set<std::pair<std::string, SenderKey>> by_nick_;  // By nick_key; many may share one.
  std::map<std::string, SenderSet, std::less<>> by_room_;
  std::unordered_map<LogId, SenderSet> by_log_;
};

}  // namespace netkit::relay
