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

/// At most people_max; who comes beyond that is not listed.
class Roster {
 public:
  /// An enter, leave, join, part or nick record of `log`; others are ignored. A sender that enters
  /// at another log has moved there.
  void apply(LogId log, const Record& record);
  /// Everybody who is at `log` now, instead of what was known.
  void replace(LogId log, std::vector<Person> people);
  void forget(LogId log);

  const Person* find(SenderKey sender) const;
  /// Those called so; more than one is a clash.
  std::vector<const Person*> called(std::string_view nick) const;
  bool is_clash(const Person& person) const;
  std::size_t count(LogId log) const;
  /// Members of a room, or everybody for an empty one.
  void each(std::string_view room, const std::function<void(const Person&)>& see) const;
  /// Rooms with how many are in them.
  std::map<std::string, std::size_t> rooms() const;

 private:
  std::unordered_map<SenderKey, Person> people_;
  std::unordered_multimap<std::string, SenderKey> by_nick_;  // By nick_key.
};

}  // namespace netkit::relay
