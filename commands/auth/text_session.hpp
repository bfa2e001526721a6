// The words that people type at the auth service with nc, telnet or openssl s_client: lines in,
// requests and text out. A state machine without I/O; used by the line and len64 dialects.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "commands/auth/requests.hpp"

namespace netkit::auth {

// hello [NAME] · register USER [CODE] · login USER · whoami · logout [everywhere] · passwd ·
// sessions · revoke WHAT · users · help · quit · /token TOKEN
// After register, login and passwd the next lines are passwords, taken as they are.

class TextSession {
 public:
  /// `exposed`: others may read what comes here, so that no secret is asked for.
  explicit TextSession(bool exposed) : exposed_{exposed} {}

  /// What to do about a line: first say, then ask the office (and say what it answers), then quit.
  struct Next {
    std::string say;
    std::optional<Request> request;
    bool quit = false;
  };
  Next hear(std::string_view line);

  /// To be said to a peer that has just come; an unknown one is asked for its name by it.
  std::string greet(const Greeting& greeting);

  /// True for a word that means something without a line end, once silence follows it.
  bool is_whole(std::string_view text) const;

 private:
  enum class Due { word, password, old_password, new_password };

  Next begin(Request request, Due due, std::string_view question);
  Next take_secret(std::string_view line);
  Next take_word(std::string_view word, std::string_view rest);

  const bool exposed_;
  bool asked_name_ = false;
  Due due_ = Due::word;
  Request pending_;
};

std::string text_of(const Greeting& greeting);
std::string text_of(const Registered& registered);
std::string text_of(const SignedIn& signed_in);
std::string text_of(const Identity& who);
std::string text_of(const Ended& ended);
std::string text_of(const SessionList& list);
std::string text_of(const UserList& list);

}  // namespace netkit::auth
