// Reading and replacing the lines of the enrolment file.
#include "commands/shutdown/enrolment.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "commands/shutdown/shutdown.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::size_t file_size_max = 1024 * 1024;

/// Cut from the end, as the path of a unix socket may have spaces.
std::optional<Enrolment> parse(std::string_view line) {
  line = trim(line);
  const std::size_t token = line.rfind(' ');
  if (token == std::string_view::npos || line.starts_with('#')) return std::nullopt;
  const std::string_view front = line.substr(0, token);
  const std::size_t pin = front.rfind(' ');
  if (pin == std::string_view::npos) return std::nullopt;
  const std::string_view fingerprint = front.substr(pin + 1);
  return Enrolment{std::string{front.substr(0, pin)},
                   fingerprint == "-" ? "" : std::string{fingerprint},
                   std::string{line.substr(token + 1)}};
}

}  // namespace

Result<net::Endpoint> complete_server(const net::Endpoint& given, bool insecure) {
  using net::Scheme;
  const net::Endpoint named = net::complete(given, Scheme::ws, "127.0.0.1", port);
  const Scheme usual = net::is_loopback(named) ? Scheme::ws : Scheme::wss;
  net::Endpoint server = net::complete(given, usual, "127.0.0.1", port);
  const std::string text = net::to_text(server);
  if (server.scheme != Scheme::ws && server.scheme != Scheme::wss && server.scheme != Scheme::unix_)
    return Error{Errc::usage, "obey " + text, "a shutdown-server is at ws://, wss:// or unix:"};
  if (server.scheme == Scheme::ws && !net::is_loopback(server) && !insecure)
    return Error{Errc::refused, "obey " + text,
                 "without TLS anyone on the way could turn this host off; use wss://, or "
                 "--insecure if you trust the network"};
  return server;
}

bool is_private(const net::Endpoint& server) {
  return server.scheme != net::Scheme::ws || net::is_loopback(server);
}

Result<std::string> EnrolmentFile::read() const {
  Result<std::string> text = read_file(path_, file_size_max);
  if (!text && text.error().code == std::errc::no_such_file_or_directory) return std::string{};
  return text;
}

Result<std::optional<Enrolment>> EnrolmentFile::find(std::string_view server) const {
  const Result<std::string> text = read();
  if (!text) return text.error();
  for (const std::string_view line : split(*text, '\n'))
    if (auto found = parse(line); found && found->server == server) return found;
  return std::optional<Enrolment>{};
}

Status EnrolmentFile::keep(const Enrolment& enrolment) const {
  const Result<std::string> text = read();
  if (!text) return text.error();
  std::string changed;
  for (const std::string_view line : split(*text, '\n')) {
    const auto other = parse(line);
    if (!trim(line).empty() && (!other || other->server != enrolment.server))
      changed.append(line).append("\n");
  }
  changed += enrolment.server + " " +
             (enrolment.fingerprint.empty() ? "-" : enrolment.fingerprint) + " " + enrolment.token +
             "\n";
  return write_file_atomically(path_, changed, 0600);
}

}  // namespace netkit::shutdown
