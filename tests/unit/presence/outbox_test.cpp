// What an outbox refuses at once, and what it tells of those that nobody reaches.
#include "commands/presence/outbox.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "log/sink.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::presence;
using namespace std::chrono_literals;

namespace {

Announcement named(std::string name) {
  Announcement self;
  self.name = std::move(name);
  return self;
}

struct Desk {
  support::TemporaryFolder folder;
  log::MemorySink sink;
  log::Logger log{"test", sink};
  identity::KeyPair pair = identity::KeyPair::make();
  OwnWords words{pair, named("ana")};
  asio::io_context context{1};
  std::shared_ptr<Outbox> outbox =
      std::make_shared<Outbox>(context, log, words, KnownPeers{folder.path()}, 5s);
};

/// Somebody whom no address is known of.
Recipient nowhere(std::string key) {
  Recipient to;
  to.shown = to.name = "bert";
  to.key = std::move(key);
  to.port = 4000;
  return to;
}

}  // namespace

TEST_CASE("Outbox: refuses oneself and texts that cannot be said") {
  Desk desk;
  const auto refused = [&](Recipient to, std::string text) {
    const Status said = desk.outbox->say(std::move(to), std::move(text), [](const Status&) {
      FAIL("told of a text that was not taken");
    });
    REQUIRE_FALSE(said);
    return said.error().code;
  };
  CHECK(refused(nowhere(desk.words.key()), "hi") == Errc::usage);
  CHECK(refused(nowhere(std::string(32, 'b')), "\xff") == Errc::not_utf8);
  CHECK(refused(nowhere(std::string(32, 'b')), std::string(65'537, 'x')) == Errc::too_large);
  CHECK(desk.outbox->is_empty());
}

TEST_CASE("Outbox: what nobody is reached for is told once a text, in order") {
  Desk desk;
  std::vector<int> told;
  for (int i = 0; i < 600; ++i) {
    const std::string key(32, i % 2 == 0 ? 'b' : 'c');
    REQUIRE(desk.outbox->say(nowhere(key), "text", [&told, i](const Status& delivered) {
      CHECK(delivered.error().code == Errc::not_found);
      if (i % 2 == 0) told.push_back(i);
    }));
  }
  CHECK_FALSE(desk.outbox->is_empty());
  desk.context.run();
  CHECK(desk.outbox->is_empty());
  REQUIRE(told.size() == 300);
  CHECK(std::is_sorted(told.begin(), told.end()));
}

TEST_CASE("Outbox: takes no more than fit, and says so") {
  Desk desk;
  for (std::size_t i = 0; i < Outbox::waiting_max; ++i)
    REQUIRE(desk.outbox->say(nowhere(std::string(32, 'b')), "text", {}));
  CHECK_FALSE(desk.outbox->has_room());
  const Status more = desk.outbox->say(nowhere(std::string(32, 'b')), "text", {});
  REQUIRE_FALSE(more);
  CHECK(more.error().code == Errc::busy);
  desk.context.run();
  CHECK(desk.outbox->say(nowhere(std::string(32, 'b')), "text", {}));
  desk.context.restart();
  desk.context.run();
}
