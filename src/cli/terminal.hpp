// The person in front of the program, if there is one: questions, progress and colour on stderr,
// answers from stdin. A program in a pipe gets none of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/endpoint.hpp"

namespace netkit::cli {

enum class Colour { automatic, always, never };

class Terminal {
 public:
  /// Descriptors as arguments so that tests can hand over a pseudo-terminal.
  Terminal(int input, int output) : input_{input}, output_{output} {}

  /// True if questions can be asked and answered: stdin and stderr are a terminal.
  bool interactive() const;
  bool shows_colour(Colour wanted, bool no_color_set) const;
  unsigned width() const;
  int input() const { return input_; }

  /// Writes `text` to the person, whether or not stderr is a terminal.
  void say(std::string_view text) const;

  /// One line of stdin without its end and the white space around it; Errc::usage at the end of
  /// input, as nobody answers.
  Result<std::string> read_line() const;

  /// Asks until `accept` takes the answer; an empty answer means `standard`. What was wrong is said
  /// and the question asked again. Errc::usage at the end of input.
  template <typename Accept>
  Result<std::string> ask(std::string_view question, std::string_view standard,
                          Accept accept) const {
    for (;;) {
      say(std::string{question} + (standard.empty() ? "" : " [" + std::string{standard} + "]") +
          ": ");
      Result<std::string> answer = read_line();
      if (!answer) return answer;
      if (answer->empty()) *answer = standard;
      const Status accepted = accept(*answer);
      if (accepted) return answer;
      say(accepted.error().message() + "\n");
    }
  }

  /// Asks for host and port, offering what `standard` has.
  Result<net::Endpoint> ask_endpoint(const net::Endpoint& standard) const;

  /// Asks without showing what is typed, and takes it as it is, spaces included. A signal that ends
  /// or stops the program finds the terminal as it was; Errc::interrupted if the program outlives
  /// one that ends. Another thread would take the signals instead: ask before there is any.
  Result<std::string> ask_password(std::string_view question) const;

 private:
  int input_;
  int output_;
};

/// A bar on stderr that shows how far something is: only on a terminal, at most ten times a second,
/// gone when it is done.
class Progress {
 public:
  Progress(const Terminal& terminal, bool shown, std::string label);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `part` of 1; `note` stands behind the bar: a rate, the time left.
  void show(double part, std::string_view note);

 private:
  const Terminal& terminal_;
  const bool shown_;
  const std::string label_;
  std::chrono::steady_clock::time_point next_{};
  bool drawn_ = false;
};

}  // namespace netkit::cli
