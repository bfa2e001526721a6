// Requests of people's clients, read strictly.
#include "commands/auth/requests.hpp"

#include <doctest/doctest.h>

namespace netkit::auth {
namespace {

Result<Request> read(std::string_view text) {
  Result<wire::Json> message = wire::Json::parse(text);
  REQUIRE(message);
  return read_request(std::move(*message));
}

TEST_CASE("Requests: a sign-in with all its members") {
  const auto request =
      read(R"({"id":7,"do":"login","user":"anna","password":"secret words","device":"laptop",)"
           R"("device_key":"nkd_x"})");
  REQUIRE(request);
  CHECK(request->id == 7);
  CHECK(request->ask == Ask::login);
  CHECK(request->user == "anna");
  CHECK(request->password.view() == "secret words");
  CHECK(request->device == "laptop");
  CHECK(request->device_key.view() == "nkd_x");
}

TEST_CASE("Requests: a first message with nothing but a token signs in") {
  const auto request = read(R"({"token":"nk_abc"})");
  REQUIRE(request);
  CHECK(request->ask == Ask::sign_in);
  CHECK(request->token.view() == "nk_abc");
}

TEST_CASE("Requests: null stands for an absent member") {
  const auto request = read(R"({"do":"bans","clear":null,"expire":null,"give":null})");
  REQUIRE(request);
  CHECK_FALSE(request->clear);
  CHECK_FALSE(request->expire_s);
}

TEST_CASE("Requests: each member of a wrong type or size is refused by its name") {
  const std::string long_text(5000, 'x');
  for (const auto& [member, text] : std::initializer_list<std::pair<const char*, std::string>>{
           {"do", R"({"do":"fly"})"},
           {"do", R"({"do":7})"},
           {"do", R"({})"},
           {"user", R"({"do":"login","user":7})"},
           {"user", R"({"do":"login","user":")" + long_text + "\"}"},
           {"password", R"({"do":"login","password":["x"]})"},
           {"password", R"({"do":"login","password":")" + long_text + "\"}"},
           {"token", R"({"do":"sign_in","token":")" + long_text + "\"}"},
           {"device", R"({"do":"login","device":")" + std::string(129, 'x') + "\"}"},
           {"everywhere", R"({"do":"logout","everywhere":"yes"})"},
           {"give", R"({"do":"grant","give":"relay"})"},
           {"give", R"({"do":"grant","give":[1]})"},
           {"expire", R"({"do":"invite","expire":0})"},
           {"expire", R"({"do":"invite","expire":1.5})"},
           {"expire", R"({"do":"invite","expire":99999999999})"},
           {"limit", R"({"do":"users","limit":-1})"},
           {"clear", R"({"do":"bans","clear":true})"},
       }) {
    const auto request = read(text);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == Errc::malformed);
    CHECK(request.error().attempt == std::string{"read \""} + member + "\" of the request");
  }
}

TEST_CASE("Requests: what is no object is refused") {
  for (const char* const text : {"7", "[]", "\"login\"", "null"})
    CHECK_FALSE(read(text));
}

TEST_CASE("Requests: every word is read and is named as it is written") {
  for (const char* const word :
       {"hello", "register", "login", "sign_in", "whoami", "logout", "passwd", "renew", "sessions",
        "revoke", "users", "grant", "remove", "invite", "bans", "import", "export", "backup"}) {
    const auto request = read(std::string{R"({"do":")"} + word + "\"}");
    REQUIRE(request);
    CHECK(to_text(request->ask) == word);
  }
}

TEST_CASE("Requests: a page of users is never longer than the bound") {
  CHECK(read(R"({"do":"users","limit":5})")->limit == 5);
  CHECK(read(R"({"do":"users","limit":5000000})")->limit == 1000);
}

TEST_CASE("Answers: objects with their ids") {
  CHECK(show(3, Ended{2}) == R"({"id":3,"ok":true,"ended":2})");
  Greeting unknown;
  CHECK(show(4, unknown) == R"({"id":4,"ok":true,"known":false,"grants":"nothing"})");
  BanList cleared;
  cleared.cleared = 1;
  CHECK(show(5, cleared) == R"({"id":5,"ok":true,"cleared":1})");
  UserList list;
  UserView user;
  user.user = "an\"na";
  user.scopes = {"admin"};
  list.users.push_back(user);
  CHECK(show(6, list) ==
        R"({"id":6,"ok":true,"users":[{"user":"an\"na","scopes":["admin"],)"
        R"("created":"1970-01-01T00:00:00.000Z","sessions":0,"last_used":null}],"more":false})");
}

}  // namespace
}  // namespace netkit::auth
