// Tests of the pages by their names, and that netkit-wire(7) has the numbers that the codecs have.
#include "commands/manual/manual.hpp"

#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "access/protocol.hpp"
#include "base/text.hpp"
#include "cli/globals.hpp"
#include "cli/help.hpp"
#include "cli/packed_text.hpp"
#include "cli/roff.hpp"
#include "commands/presence/message.hpp"
#include "commands/presence/protocol.hpp"
#include "commands/relay/client_protocol.hpp"
#include "commands/relay/link_messages.hpp"
#include "commands/relay/link_opening.hpp"
#include "commands/shutdown/protocol.hpp"
#include "commands/table.hpp"
#include "transfer/messages.hpp"
#include "wire/frame.hpp"

using namespace netkit;

namespace {

using Types = std::vector<std::pair<std::uint16_t, std::string_view>>;

/// What stands under a heading of netkit-wire(7).
std::string section_of(std::string_view heading) {
  const std::string page = cli::unpacked(manual::wire_page);
  const std::string begin = "\n# " + std::string{heading} + "\n";
  const std::size_t at = page.find(begin);
  REQUIRE_MESSAGE(at != std::string::npos, heading);
  const std::string rest = page.substr(at + begin.size());
  return rest.substr(0, rest.find("\n# "));
}

/// The options that a help text lists.
std::vector<std::string> options_in(const std::string& help) {
  std::vector<std::string> names;
  for (const std::string_view line : split(help, '\n')) {
    const std::size_t at = line.find("--");
    if (at != 6 || !line.starts_with("  ")) continue;
    const std::string_view rest = line.substr(at);
    names.emplace_back(rest.substr(0, rest.find_first_of(" [")));
  }
  return names;
}

bool is_global(std::string_view name) {
  cli::Globals globals;
  cli::Options options;
  cli::declare_globals(options, globals);
  return options.find(name.substr(2)) != nullptr;
}

/// As the tag of an item; the global ones within a paragraph.
bool tells(const std::string& page, std::string_view name) {
  const std::string roff = cli::to_roff(name);
  const auto has = [&](const std::string& part) { return page.find(part) != std::string::npos; };
  if (!is_global(name)) return has("\n\\fB" + roff + "\\fR") || has("\\fR, \\fB" + roff + "\\fR");
  return has(roff + "\\fR") || has(roff + " ") || has(roff + "\n");
}

/// Each stands in the section as "NUMBER NAME".
void check_types(std::string_view heading, const Types& types) {
  const std::string section = section_of(heading);
  for (const auto& [type, name] : types) {
    const std::string words = " " + std::to_string(type) + " " + std::string{name};
    CHECK_MESSAGE(section.find(words) != std::string::npos, heading, words);
  }
}

}  // namespace

TEST_CASE("page_of: every name has a page, also by the page's own name") {
  const std::vector<std::string_view> names = manual::page_names(commands::table());
  CHECK(names.size() == commands::table().size() + 3);
  for (const std::string_view name : names) {
    const auto page = manual::page_of(name, commands::table());
    REQUIRE_MESSAGE(page, name);
    CHECK_MESSAGE(page->starts_with(".TH NETKIT"), name);
  }
  CHECK(manual::page_of("netkit-echo", commands::table()) ==
        manual::page_of("echo", commands::table()));
  CHECK_FALSE(manual::page_of("nosuch", commands::table()));
  CHECK_FALSE(manual::page_of("netkit-nosuch", commands::table()));
  CHECK_FALSE(manual::page_of("", commands::table()));
}

TEST_CASE("page_of: a command's page tells each option and argument that --help tells") {
  std::size_t told = 0;
  for (const cli::Command& command : commands::table()) {
    const std::string page = manual::page_of(command.name, commands::table()).value_or("");
    for (const cli::Verb& verb : command.verbs) {
      cli::Globals globals;
      cli::Options options;
      const std::unique_ptr<cli::Action> action = verb.make();
      action->declare(options);
      cli::declare_globals(options, globals);
      for (const std::string& name : options_in(cli::help_verb(command, verb, options))) {
        CHECK_MESSAGE(tells(page, name), command.name, " ", verb.name, ": ", name);
        ++told;
      }
    }
  }
  CHECK(told > 1000);
}

TEST_CASE("manual_pages: each is called as its head says") {
  const std::vector<commands::ManualPage> pages = commands::manual_pages();
  CHECK(pages.size() == commands::table().size() + 3);
  std::string numbers;
  for (const commands::ManualPage& each : pages) {
    std::string name = each.name;
    for (char& letter : name)
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter & ~0x20);
    CHECK_MESSAGE(each.text.starts_with(".TH " + cli::to_roff(name) + " " + each.section + " "),
                  each.name);
    if (each.section != '1') numbers += each.name + each.section;
  }
  CHECK(numbers == "netkit.toml5netkit-wire7");
}

TEST_CASE("netkit(1): lists every command") {
  const auto page = manual::page_of("netkit", commands::table());
  REQUIRE(page);
  for (const cli::Command& each : commands::table())
    CHECK_MESSAGE(page->find("\n\\fB" + cli::to_roff("netkit-" + std::string{each.name}) +
                             "\\fR(1)\n") != std::string::npos,
                  each.name);
}

TEST_CASE("netkit-wire(7): the types of auth, relay and its links are those of the codecs") {
  namespace auth = access::frame_type;
  check_types("AUTH", {{auth::check, "check "},
                       {auth::check_ticket, "check_ticket"},
                       {auth::spend, "spend"},
                       {auth::used, "used"},
                       {auth::grant, "grant"},
                       {auth::denied, "denied"},
                       {auth::changed, "changed"},
                       {auth::check_again, "check_again"}});
  namespace chat = relay::frame_type;
  check_types("RELAY", {{chat::ask, "ask"},
                        {chat::answer, "answer"},
                        {chat::say, "say"},
                        {chat::direct, "direct"},
                        {chat::ack, "ack"},
                        {chat::said, "said"},
                        {chat::told, "told"},
                        {chat::event, "event"}});
  namespace link = relay::link_type;
  check_types("RELAY LINKS", {{link::relay, "relay"},
                              {link::have, "have"},
                              {link::bundle, "bundle"},
                              {link::gap, "gap"},
                              {link::want, "want "},
                              {link::roster, "roster"},
                              {link::want_roster, "want_roster"},
                              {link::fetch, "fetch "},
                              {link::fetched, "fetched"},
                              {link::probe, "probe"}});
  CHECK(section_of("RELAY LINKS").find("proof(48)") != std::string::npos);
  CHECK(relay::frame_type::link_proof == 48);
}

TEST_CASE("netkit-wire(7): the types of files, presence and peers are those of the codecs") {
  namespace files = transfer::frame_type;
  check_types("FILES", {{files::list, "list"},
                        {files::get, "get"},
                        {files::hashes, "hashes"},
                        {files::put, "put"},
                        {files::ask, "ask"},
                        {files::data, "data"},
                        {files::chunk, "chunk"},
                        {files::end, "end"},
                        {files::entry, "entry"},
                        {files::have, "have"},
                        {files::stored, "stored"},
                        {files::failed, "failed"},
                        {files::done, "done"},
                        {files::text, "text"}});
  namespace hall = presence::message_type;
  check_types("PRESENCE", {{hall::enter, "enter"},
                           {hall::welcome, "welcome"},
                           {hall::bind, "bind"},
                           {hall::beat, "beat"},
                           {hall::update, "update"},
                           {hall::subscribe, "subscribe"},
                           {hall::entry, "entry"},
                           {hall::forgotten, "forgotten"},
                           {hall::roster_end, "roster_end"},
                           {hall::ask_for, "ask_for"},
                           {hall::asked, "asked"},
                           {hall::pace, "pace"},
                           {hall::why, "why"}});
  namespace talk = presence::frame_type;
  check_types("PEERS", {{talk::prove, "prove"}, {talk::say, "say"}, {talk::ack, "ack"}});
}

TEST_CASE("netkit-wire(7): common types and names of subprotocols") {
  namespace common = wire::frame_type;
  check_types("FRAME", {{common::data, "data"},
                        {common::hello, "hello"},
                        {common::error, "error"},
                        {common::goodbye, "goodbye"},
                        {common::ping, "ping"},
                        {common::pong, "pong"}});
  for (const std::string_view name : {shutdown::agent_subprotocol, shutdown::operator_subprotocol})
    CHECK_MESSAGE(section_of("SHUTDOWN").find(name) != std::string::npos, name);
}
