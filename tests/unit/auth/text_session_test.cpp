// What people type, line by line.
#include "commands/auth/text_session.hpp"

#include <doctest/doctest.h>

namespace netkit::auth {
namespace {

/// Lines as they come: in memory that may be overwritten.
TextSession::Next hear(TextSession& session, std::string line) {
  return session.hear(line);
}

TEST_CASE("TextSession: the line after login is the password, as it is") {
  TextSession session{false};
  CHECK(hear(session, "login anna maria").say == "Password: ");
  const auto next = hear(session, " quit ");
  REQUIRE(next.request);
  CHECK(next.request->ask == Ask::login);
  CHECK(next.request->user == "anna maria");
  CHECK(next.request->password.view() == " quit ");
  CHECK(hear(session, "quit").quit);
}

TEST_CASE("TextSession: register takes a name and a code") {
  TextSession session{false};
  CHECK(hear(session, "register anna 7KQM-X2WD-9HRT").say == "Password: ");
  const auto next = hear(session, "long secret words");
  REQUIRE(next.request);
  CHECK(next.request->ask == Ask::register_);
  CHECK(next.request->user == "anna");
  CHECK(next.request->code.view() == "7KQM-X2WD-9HRT");
}

TEST_CASE("TextSession: passwd asks for the old one and the new one") {
  TextSession session{false};
  CHECK(hear(session, "passwd").say == "Old password: ");
  CHECK(hear(session, "old words").say == "New password: ");
  const auto next = hear(session, "new words");
  REQUIRE(next.request);
  CHECK(next.request->ask == Ask::passwd);
  CHECK(next.request->password.view() == "old words");
  CHECK(next.request->new_password.view() == "new words");
}

TEST_CASE("TextSession: no password is asked for where others may read it") {
  TextSession session{true};
  for (const char* const word : {"login anna", "register anna", "passwd"}) {
    const auto next = hear(session, word);
    CHECK_FALSE(next.request);
    CHECK(next.say.starts_with("cannot take a password in clear: use TLS"));
  }
  CHECK(hear(session, "whoami").request);
}

TEST_CASE("TextSession: a line that is no word is the name of an address that was asked for it") {
  TextSession session{false};
  CHECK(session.greet({}) == "Who are you?\n");
  CHECK(hear(session, "whoami").request->ask == Ask::whoami);
  const auto next = hear(session, "Ana Maria");
  REQUIRE(next.request);
  CHECK(next.request->ask == Ask::hello);
  CHECK(next.request->name == "Ana Maria");
  CHECK_FALSE(hear(session, "Ana Maria").request);
}

TEST_CASE("TextSession: a known address is greeted, and its lines are no names") {
  TextSession session{false};
  Greeting greeting;
  greeting.known = true;
  greeting.name = "Ana";
  CHECK(session.greet(greeting).starts_with("Hello Ana. This greets you and grants nothing"));
  const auto next = hear(session, "hunter2 hunter2");
  CHECK_FALSE(next.request);
  CHECK(next.say.find("hunter2") == std::string::npos);
}

TEST_CASE("TextSession: words with too little or too much say how they go") {
  TextSession session{false};
  CHECK(hear(session, "login").say.find("needs a name") != std::string::npos);
  CHECK(hear(session, "revoke").say.find("needs a name") != std::string::npos);
  CHECK(hear(session, "logout here").say == "logout [everywhere]\n");
  CHECK(hear(session, "logout everywhere").request->everywhere);
  CHECK(hear(session, "").say.empty());
  CHECK_FALSE(hear(session, "   ").request);
}

TEST_CASE("TextSession: a word counts without its line end, a name or a password never") {
  TextSession session{false};
  CHECK(session.is_whole("whoami"));
  CHECK_FALSE(session.is_whole("login"));
  CHECK_FALSE(session.is_whole("Anna"));
  hear(session, "login anna");
  CHECK_FALSE(session.is_whole("whoami"));
}

TEST_CASE("TextSession: foreign bytes in answers are escaped") {
  SessionList list;
  SessionView view;
  view.session.id = std::string(16, 'a');
  view.session.user = "anna";
  view.session.device = "a\x1b[2Jb\tc";
  list.sessions.push_back(view);
  const std::string text = text_of(list);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("a\\x1b[2Jb\\tc") != std::string::npos);
}

}  // namespace
}  // namespace netkit::auth
