// Bundles of a relay that there never was, for tests of what keeps and carries them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "commands/relay/bundle.hpp"
#include "commands/relay/mesh.hpp"

namespace netkit::relay::test {

class MadeLog {
 public:
  explicit MadeLog(std::string name) : name_{std::move(name)}, key_{LogKey::make()} {}

  LogId id() const { return key_.log(); }
  std::uint64_t last() const { return last_; }
  RelayFacts facts() const {
    RelayFacts facts;
    facts.log = key_.log();
    facts.name = name_;
    facts.public_key = key_.public_key();
    facts.started_ms = 1'700'000'000'000;
    facts.last = last_;
    return facts;
  }
  /// The next `count` records, each a `text` of its own sender in the lobby.
  Bundle next(std::uint16_t count = 1, std::string_view text = "hello") {
    std::string records;
    for (std::uint16_t i = 0; i < count; ++i) {
      Record record;
      record.time_ms = 1'700'000'000'000;
      record.sender = key_.log();
      record.number = last_ + i + 1;
      record.room = "lobby";
      record.nick = "anna";
      record.text = text;
      append_record(records, record);
    }
    const std::uint64_t first = last_ + 1;
    last_ += count;
    return key_.seal(first, count, records);
  }

 private:
  std::string name_;
  LogKey key_;
  std::uint64_t last_ = 0;
};

}  // namespace netkit::relay::test
