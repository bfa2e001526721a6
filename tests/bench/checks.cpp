// The load program of the auth measurements: token checks over one connection, as a guard sends
// them, with a window of them under way or at fixed times. The frames are written by hand, for
// netkit's own encoder must not vouch for itself. Its --help is the reference.
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <getopt.h>
#include <iostream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <vector>

#include "latency.hpp"

namespace {

using namespace netkit::bench;

constexpr const char* help =
    "Usage: checks [OPTIONS] ADDRESS:PORT <HASHES\n"
    "Asks an auth server who holds each of these tokens, again and again. HASHES: the SHA-256 of\n"
    "a valid token in hex a line.\n"
    "\n"
    "  --window N    checks under way at a time (256)\n"
    "  --rate N      so many a second at fixed times instead; latency counts from when one was "
    "due\n"
    "  --seconds S   how long (3)\n"
    "\n"
    "Prints one JSON object: checks, seconds, per_s, p50_us, p99_us, max_us. Exits 1 unless every\n"
    "answer is the grant of its token.\n";

constexpr std::size_t header_size = 16;
constexpr std::uint16_t type_hello = 1, type_check = 32, type_grant = 36;
constexpr std::size_t answer_size_max = 64 * 1024;

struct Options {
  sockaddr_in server{};
  std::size_t window = 256;
  double rate = 0;
  double seconds = 3;
};

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "checks: %s\n", message.c_str());
  std::exit(1);
}

std::int64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

void put(std::string& out, std::uint64_t value, int bytes) {
  while (bytes-- > 0)
    out.push_back(static_cast<char>(value >> 8 * bytes));
}

std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes)
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

void put_frame(std::string& out, std::uint16_t type, std::uint32_t stream, std::string_view body) {
  out.append("\xF7NK\x01");
  put(out, type, 2);
  put(out, 0, 2);
  put(out, stream, 4);
  put(out, body.size(), 4);
  out.append(body);
}

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16)));
  if (bytes.size() != 32) give_up("'" + text + "' is no SHA-256 in hex");
  return bytes;
}

class Checks {
 public:
  Checks(const Options& options, std::vector<std::string> hashes)
      : options_{options}, hashes_{std::move(hashes)}, sessions_(hashes_.size()) {}

  void run();

 private:
  void connect();
  void post_due(std::int64_t now);
  void post(std::int64_t due);
  void write_some();
  void read_some();
  void take(std::uint16_t type, std::uint32_t stream, std::string_view body);
  void report(double seconds) const;

  const Options options_;
  const std::vector<std::string> hashes_;
  std::vector<std::string> sessions_;  // What the first answer about each hash said.
  int fd_ = -1;
  std::string out_, in_;
  std::vector<std::int64_t> due_ns_;  // Of each check, by its stream.
  std::size_t answered_ = 0;
  std::int64_t start_ns_ = 0, deadline_ns_ = 0;
  bool greeted_ = false;
  Latencies latencies_;
};

void Checks::connect() {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* to = reinterpret_cast<const sockaddr*>(&options_.server);
  if (fd_ < 0 || ::connect(fd_, to, sizeof options_.server) != 0)
    give_up(std::string{"cannot connect: "} + std::strerror(errno));
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  constexpr std::string_view name = "bench";
  std::string body;
  put(body, name.size(), 2);
  body.append(name);
  put_frame(out_, type_hello, 0, body);
}

void Checks::post(std::int64_t due) {
  const std::size_t number_ = due_ns_.size();
  due_ns_.push_back(due);
  put_frame(out_, type_check, static_cast<std::uint32_t>(number_),
            hashes_[number_ % hashes_.size()]);
}

void Checks::post_due(std::int64_t now) {
  if (!greeted_ || now >= deadline_ns_) return;
  if (options_.rate > 0) {
    const auto wanted =
        static_cast<std::size_t>(static_cast<double>(now - start_ns_) / 1e9 * options_.rate);
    while (due_ns_.size() < wanted)
      post(start_ns_ +
           static_cast<std::int64_t>(static_cast<double>(due_ns_.size()) * 1e9 / options_.rate));
    return;
  }
  while (due_ns_.size() - answered_ < options_.window)
    post(now);
}

void Checks::write_some() {
  if (out_.empty()) return;
  const ssize_t sent = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) give_up(std::string{"cannot send: "} + std::strerror(errno));
  if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
}

void Checks::take(std::uint16_t type, std::uint32_t stream, std::string_view body) {
  if (type == type_hello) {
    greeted_ = true;
    start_ns_ = now_ns();
    deadline_ns_ = start_ns_ + static_cast<std::int64_t>(options_.seconds * 1e9);
    return;
  }
  if (type != type_grant || stream >= due_ns_.size() || body.size() < header_size)
    give_up("an answer of type " + std::to_string(type) + " is no grant");
  std::string& session = sessions_[stream % hashes_.size()];
  if (session.empty()) session = body.substr(0, 16);
  if (session != body.substr(0, 16)) give_up("the grant of another session");
  latencies_.add(now_ns() - due_ns_[stream]);
  ++answered_;
}

void Checks::read_some() {
  static char scratch[256 * 1024];
  const ssize_t size = recv(fd_, scratch, sizeof scratch, MSG_DONTWAIT);
  if (size == 0) give_up("the server closed the connection");
  if (size < 0) {
    if (errno == EAGAIN) return;
    give_up(std::string{"cannot receive: "} + std::strerror(errno));
  }
  in_.append(scratch, static_cast<std::size_t>(size));
  std::size_t at = 0;
  while (in_.size() - at >= header_size) {
    const std::string_view head{in_.data() + at, header_size};
    const std::size_t length = number(head.substr(12, 4));
    if (!head.starts_with("\xF7NK\x01") || length > answer_size_max) give_up("no frame came");
    if (in_.size() - at < header_size + length) break;
    take(static_cast<std::uint16_t>(number(head.substr(4, 2))), number(head.substr(8, 4)),
         {in_.data() + at + header_size, length});
    at += header_size + length;
  }
  in_.erase(0, at);
}

void Checks::report(double seconds) const {
  std::printf(
      "{\"checks\":%zu,\"seconds\":%.6f,\"per_s\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
      "\"max_us\":%.1f}\n",
      answered_, seconds, static_cast<double>(answered_) / seconds, latencies_.percentile_us(0.5),
      latencies_.percentile_us(0.99), latencies_.max_us());
}

void Checks::run() {
  connect();
  std::int64_t progress_ns = now_ns();
  for (;;) {
    const std::int64_t now = now_ns();
    post_due(now);
    write_some();
    if (greeted_ && now >= deadline_ns_ && answered_ == due_ns_.size()) break;
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    if (!out_.empty()) wait.events |= POLLOUT;
    poll(&wait, 1, options_.rate > 0 ? 1 : 1000);
    const std::size_t before = answered_;
    read_some();
    if (answered_ != before || !greeted_) progress_ns = now_ns();
    if (now_ns() - progress_ns > 10'000'000'000 && answered_ != due_ns_.size())
      give_up("no answer for 10 s");
  }
  report(static_cast<double>(now_ns() - start_ns_) / 1e9);
}

Options read_options(int argc, char** argv) {
  Options options;
  const option names[] = {{"window", required_argument, nullptr, 'w'},
                          {"rate", required_argument, nullptr, 'r'},
                          {"seconds", required_argument, nullptr, 's'},
                          {"help", no_argument, nullptr, 'h'},
                          {nullptr, 0, nullptr, 0}};
  for (int letter; (letter = getopt_long(argc, argv, "", names, nullptr)) != -1;) {
    switch (letter) {
      case 'w': options.window = std::strtoull(optarg, nullptr, 10); break;
      case 'r': options.rate = std::strtod(optarg, nullptr); break;
      case 's': options.seconds = std::strtod(optarg, nullptr); break;
      case 'h': std::fputs(help, stdout); std::exit(0);
      default: std::fputs(help, stderr); std::exit(2);
    }
  }
  const std::string to = optind < argc ? argv[optind] : "";
  const std::size_t colon = to.rfind(':');
  options.server.sin_family = AF_INET;
  if (colon == std::string::npos || options.window == 0 ||
      inet_pton(AF_INET, to.substr(0, colon).c_str(), &options.server.sin_addr) != 1) {
    std::fputs(help, stderr);
    std::exit(2);
  }
  options.server.sin_port =
      htons(static_cast<std::uint16_t>(std::strtoul(to.c_str() + colon + 1, nullptr, 10)));
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  std::vector<std::string> hashes;
  for (std::string line; std::getline(std::cin, line);)
    hashes.push_back(from_hex(line));
  if (hashes.empty()) give_up("no token hash on stdin");
  Checks{options, std::move(hashes)}.run();
  return 0;
}
