// Words, questions and the lines that answer them.
#include "commands/auth/text_session.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "commands/auth/auth.hpp"

namespace netkit::auth {
namespace {

constexpr std::string_view help =
    "hello [NAME]          what this address is called; grants nothing\n"
    "register USER [CODE]  make an account\n"
    "login USER            sign in; the password is the next line\n"
    "/token TOKEN          sign in by a token or a ticket\n"
    "whoami                user, scopes, session, until when\n"
    "logout [everywhere]   end this session, or all of yours\n"
    "passwd                change the password\n"
    "sessions              list yours\n"
    "revoke SESSION|USER   end them\n"
    "users                 list all, for administrators\n"
    "quit\n";

constexpr std::array<std::string_view, 11> words{"hello",  "register", "login",    "whoami",
                                                 "logout", "passwd",   "sessions", "revoke",
                                                 "users",  "help",     "quit"};

std::string in_clear() {
  return "cannot take a password in clear: use TLS: openssl s_client -connect HOST:" +
         std::to_string(port) + " -quiet, or netkit auth login HOST\n";
}

TextSession::Next say(std::string text) {
  TextSession::Next next;
  next.say = std::move(text);
  return next;
}

TextSession::Next ask(Request request) {
  TextSession::Next next;
  next.request = std::move(request);
  return next;
}

std::string line_of(std::initializer_list<std::string> fields) {
  std::string line;
  for (const std::string& each : fields) {
    if (!line.empty()) line += '\t';
    line += escape_for_display(each);
  }
  return line + "\n";
}

}  // namespace

bool TextSession::is_whole(std::string_view text) const {
  // A name or a password that is being typed has no end but its line end.
  if (due_ != Due::word) return false;
  constexpr std::array<std::string_view, 7> alone{"hello", "whoami", "logout", "sessions",
                                                  "users", "help",   "quit"};
  return std::ranges::find(alone, text) != alone.end();
}

std::string TextSession::greet(const Greeting& greeting) {
  asked_name_ = greeting.name.empty();
  return asked_name_ ? "Who are you?\n" : text_of(greeting);
}

TextSession::Next TextSession::hear(std::string_view line) {
  if (due_ != Due::word) return take_secret(line);
  const std::string_view text = trim(line);
  if (text.empty()) return {};
  const std::size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  const std::string_view rest =
      end == std::string_view::npos ? std::string_view{} : trim(text.substr(end));
  if (word == "/token" || std::ranges::find(words, word) != words.end())
    return take_word(word, rest);
  if (std::exchange(asked_name_, false)) {
    Request request;
    request.ask = Ask::hello;
    request.name = text;
    return ask(std::move(request));
  }
  // Not repeated: it may be a password typed at the wrong place.
  return say("no such word; `help` lists them\n");
}

TextSession::Next TextSession::begin(Request request, Due due, std::string_view question) {
  if (exposed_) return say(in_clear());
  pending_ = std::move(request);
  due_ = due;
  return say(std::string{question});
}

TextSession::Next TextSession::take_secret(std::string_view line) {
  identity::Secret secret{std::string{line}};
  wipe_received(line);
  switch (due_) {
    case Due::old_password:
      pending_.password = std::move(secret);
      due_ = Due::new_password;
      return say("New password: ");
    case Due::new_password: pending_.new_password = std::move(secret); break;
    default: pending_.password = std::move(secret);
  }
  due_ = Due::word;
  return ask(std::exchange(pending_, Request{}));
}

TextSession::Next TextSession::take_word(std::string_view word, std::string_view rest) {
  Request request;
  const auto plain = [&](Ask what) {
    request.ask = what;
    return ask(std::move(request));
  };
  const std::string_view first = rest.substr(0, rest.find(' '));
  if (word == "help") return say(std::string{help});
  if (word == "quit") {
    Next next = say("Goodbye.\n");
    next.quit = true;
    return next;
  }
  if (word == "hello") {
    request.name = rest;
    return plain(Ask::hello);
  }
  if (word == "whoami") return plain(Ask::whoami);
  if (word == "sessions") return plain(Ask::sessions);
  if (word == "users") return plain(Ask::users);
  if (word == "logout") {
    request.everywhere = rest == "everywhere";
    return rest.empty() || request.everywhere ? plain(Ask::logout) : say("logout [everywhere]\n");
  }
  if (word == "/token") {
    request.token = identity::Secret{std::string{rest}};
    wipe_received(rest);
    return plain(Ask::sign_in);
  }
  if (word == "passwd") {
    request.ask = Ask::passwd;
    return begin(std::move(request), Due::old_password, "Old password: ");
  }
  if (rest.empty()) return say(std::string{word} + " needs a name; `help` lists the words\n");
  if (word == "revoke") {
    request.what = rest;
    return plain(Ask::revoke);
  }
  request.user = rest;
  request.device = "text";
  request.ask = Ask::login;
  if (word == "register") {
    // A code has the form of no name's last word.
    request.ask = Ask::register_;
    request.user = first;
    const std::string_view code = trim(rest.substr(first.size()));
    request.code = identity::Secret{std::string{code}};
  }
  return begin(std::move(request), Due::password, "Password: ");
}

std::string text_of(const Greeting& greeting) {
  if (greeting.name.empty()) return "This address has no name; `hello NAME` gives it one.\n";
  return "Hello " + escape_for_display(greeting.name) +
         ". This greets you and grants nothing; `help` lists the words.\n";
}

std::string text_of(const Registered& registered) {
  return "registered " + escape_for_display(registered.user) +
         (registered.administrator ? ", who administrates\n" : "\n");
}

std::string text_of(const SignedIn& signed_in) {
  return "signed in as " + escape_for_display(signed_in.user) + " until " +
         show_time(signed_in.expires) + "\ntoken " + std::string{signed_in.token.view()} + "\n";
}

std::string text_of(const Identity& who) {
  return line_of({who.user, join(who.scopes, " "), to_hex(who.session),
                  who.session.empty() ? "" : show_time(who.expires)});
}

std::string text_of(const Ended& ended) {
  return "sessions ended: " + std::to_string(ended.count) + "\n";
}

std::string text_of(const SessionList& list) {
  std::string text;
  for (const SessionView& each : list.sessions)
    text += line_of({to_hex(each.session.id), each.session.user, each.session.device,
                     each.session.last_address, show_time(each.session.last_used),
                     each.current ? "this one" : ""});
  return text;
}

std::string text_of(const UserList& list) {
  std::string text;
  for (const UserView& each : list.users)
    text += line_of({each.user, join(each.scopes, " "), std::to_string(each.sessions)});
  if (list.more) text += "and more: netkit auth users\n";
  return text;
}

}  // namespace netkit::auth
