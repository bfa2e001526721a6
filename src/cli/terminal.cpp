// Terminal questions, answers and progress.
#include "cli/terminal.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/silent_typing.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t answer_size_max = 4096;

/// Byte by byte: what follows the line belongs to whoever reads next. Errc::interrupted once
/// `go_on`, asked before each byte, says no.
template <typename GoOn>
Result<std::string> read_whole_line(int input, GoOn go_on) {
  std::string line;
  for (;;) {
    if (!go_on()) return Errc::interrupted;
    char letter = 0;
    const ssize_t count = read(input, &letter, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error{Errc::usage, "read an answer", "the input has ended"};
    if (letter == '\n') return line;
    if (line.size() < answer_size_max) line += letter;
  }
}

}  // namespace

bool Terminal::interactive() const {
  return isatty(input_) == 1 && isatty(output_) == 1;
}

bool Terminal::shows_colour(Colour wanted, bool no_color_set) const {
  if (wanted != Colour::automatic) return wanted == Colour::always;
  return !no_color_set && isatty(output_) == 1;
}

unsigned Terminal::width() const {
  winsize size{};
  const bool known = ioctl(output_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

void Terminal::say(std::string_view text) const {
  static_cast<void>(write_all(output_, text));  // A closed stderr has nobody to be told.
}

Result<std::string> Terminal::read_line() const {
  Result<std::string> line = read_whole_line(input_, [] { return true; });
  if (!line) return line;
  return std::string{trim(*line)};
}

Result<net::Endpoint> Terminal::ask_endpoint(const net::Endpoint& standard) const {
  net::Endpoint endpoint = standard;
  const auto accept_host = [&](const std::string& text) -> Status {
    Result<net::Endpoint> parsed = net::parse_endpoint(text);
    if (!parsed) return parsed.error();
    if (parsed->scheme) endpoint.scheme = parsed->scheme;
    if (parsed->port) endpoint.port = parsed->port;
    endpoint.host = parsed->host.empty() ? standard.host : parsed->host;
    endpoint.path = parsed->path;
    return ok;
  };
  Result<std::string> host = ask("Host", standard.host, accept_host);
  if (!host) return host.error();
  if (endpoint.scheme == net::Scheme::unix_) return endpoint;
  const auto accept_port = [&](const std::string& text) -> Status {
    std::uint16_t port = 0;
    const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failed != std::errc{} || rest != text.data() + text.size())
      return Error{Errc::usage, "read '" + escape_for_display(text) + "' as a port",
                   "a number from 0 to 65535"};
    endpoint.port = port;
    return ok;
  };
  Result<std::string> port = ask("Port", std::to_string(endpoint.port.value_or(0)), accept_port);
  if (!port) return port.error();
  return endpoint;
}

Result<std::string> Terminal::ask_password(std::string_view question) const {
  for (;;) {
    say(std::string{question} + ": ");
    SilentTyping::Came came = SilentTyping::Came::input;
    Result<std::string> password;
    {
      SilentTyping silent{input_};
      password = read_whole_line(input_, [&] {
        came = silent.await();
        return came == SilentTyping::Came::input;
      });
      say("\n");
    }
    // A program that was stopped and goes on asks once more.
    if (came != SilentTyping::Came::stop) return password;
  }
}

Progress::Progress(const Terminal& terminal, bool shown, std::string label)
    : terminal_{terminal}, shown_{shown && terminal.interactive()}, label_{std::move(label)} {}

Progress::~Progress() {
  if (drawn_) terminal_.say("\r\x1b[K");
}

void Progress::show(double part, std::string_view note) {
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || now < next_) return;
  next_ = now + std::chrono::milliseconds{100};
  drawn_ = true;
  const std::size_t width = terminal_.width();
  const std::size_t around = label_.size() + note.size() + 10;
  const std::size_t bar = width > around + 10 ? std::min<std::size_t>(40, width - around) : 0;
  part = std::clamp(part, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(bar));
  std::string line = "\r" + label_ + " ";
  if (bar > 0) line += "[" + std::string(filled, '#') + std::string(bar - filled, ' ') + "] ";
  line += std::to_string(static_cast<int>(part * 100)) + "% ";
  terminal_.say(line.append(note).append("\x1b[K"));
}

}  // namespace netkit::cli
