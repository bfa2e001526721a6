// The load program of the shutdown measurements: thousands of agents in one thread on epoll. Each
// introduces itself, answers every order at once and notes when it came; it never carries one out.
// Its --help is the reference.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <vector>

#include "agent_bytes.hpp"

namespace {

using namespace netkit::bench;

constexpr const char* help =
    "Usage: agents [OPTIONS] ADDRESS:PORT\n"
    "Agents of a shutdown-server, in one thread.\n"
    "\n"
    "  --agents N        (100)\n"
    "  --sources N       connect from N loopback addresses, 127.0.0.1 upward; 1: do not bind (1)\n"
    "  --answers WORD    receipt, accepted or going: how far each order is answered (going)\n"
    "  --limit S         give up when no agent is welcomed for that long at the start (10)\n"
    "\n"
    "Prints \"ready\" once all are welcomed. Then each line of stdin, START_NS of the monotonic\n"
    "clock, is answered by one JSON object: agents, connected, orders (agents that have one),\n"
    "again (orders that came a second time), others (agents with two different ones), and\n"
    "p50_ms, p99_ms, max_ms from START_NS to the first order. Ends with stdin.\n";

constexpr std::size_t opening_max = 64;
constexpr std::size_t heartbeat_steps = 50;
constexpr std::size_t message_size_max = 64 * 1024;
// The key and its answer are the example of RFC 6455, 1.3.
constexpr std::string_view ws_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct Options {
  sockaddr_in server{};
  std::size_t agents = 100;
  std::size_t sources = 1;
  std::uint16_t answers_to = type_going;
  int limit_ms = 10'000;
};

struct Agent {
  int fd = -1;
  std::size_t number = 0;
  enum class State : std::uint8_t { connecting, shaking_hands, greeting, open } state{};
  std::string unread;
  std::uint64_t order = 0;
  std::int64_t ordered_ns = 0;
};

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "agents: %s\n", message.c_str());
  std::exit(1);
}

std::int64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

class Agents {
 public:
  explicit Agents(const Options& options);
  /// Returns once all are welcomed.
  void open();
  /// Answers orders and lines of stdin until stdin ends.
  void serve();

 private:
  void begin();
  void connected(Agent& agent);
  void read(Agent& agent);
  void lose(Agent& agent, const std::string& why);
  bool take_handshake(Agent& agent);
  bool take_message(Agent& agent);
  void handle(Agent& agent, std::string_view frame);
  void ordered(Agent& agent, std::uint64_t order);
  void send(Agent& agent, const std::string& bytes);
  void watch(Agent* agent, int fd, int operation, std::uint32_t events);
  int turn(int wait_ms);
  void heartbeat();
  void report(std::int64_t start_ns) const;
  bool read_stdin();

  Options options_;
  int epoll_;
  std::vector<Agent> agents_;
  std::vector<char> scratch_ = std::vector<char>(message_size_max);
  std::string line_;
  std::size_t begun_ = 0, opening_ = 0, open_ = 0, lost_ = 0, again_ = 0, others_ = 0;
  std::int64_t heartbeat_ns_ = 15'000'000'000;
  std::int64_t next_beat_ns_ = 0;
  std::size_t beat_ = 0;
  bool stdin_ended_ = false;
};

Agents::Agents(const Options& options)
    : options_{options}, epoll_{epoll_create1(EPOLL_CLOEXEC)}, agents_(options.agents) {
  if (epoll_ < 0) give_up(std::string{"cannot open epoll: "} + std::strerror(errno));
}

void Agents::watch(Agent* agent, int fd, int operation, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = agent}};
  if (epoll_ctl(epoll_, operation, fd, &event) != 0)
    give_up(std::string{"cannot watch: "} + std::strerror(errno));
}

void Agents::open() {
  std::size_t before = 0;
  std::int64_t progress_ns = now_ns();
  while (open_ < agents_.size()) {
    while (begun_ < agents_.size() && opening_ < opening_max)
      begin();
    turn(100);
    if (open_ != before) progress_ns = now_ns();
    before = open_;
    if (now_ns() - progress_ns > std::int64_t{options_.limit_ms} * 1'000'000)
      give_up("only " + std::to_string(open_) + " agents were welcomed");
  }
}

void Agents::begin() {
  Agent& agent = agents_[begun_];
  agent.number = begun_++;
  agent.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (agent.fd < 0) give_up(std::string{"cannot open a socket: "} + std::strerror(errno));
  const int on = 1;
  setsockopt(agent.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options_.sources > 1) {
    setsockopt(agent.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + static_cast<in_addr_t>(agent.number % options_.sources));
    if (bind(agent.fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0)
      give_up(std::string{"cannot bind: "} + std::strerror(errno));
  }
  const auto* to = reinterpret_cast<const sockaddr*>(&options_.server);
  if (connect(agent.fd, to, sizeof options_.server) != 0 && errno != EINPROGRESS)
    give_up(std::string{"cannot connect: "} + std::strerror(errno));
  ++opening_;
  watch(&agent, agent.fd, EPOLL_CTL_ADD, EPOLLOUT);
}

void Agents::connected(Agent& agent) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(agent.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) give_up(std::string{"cannot connect: "} + std::strerror(error));
  watch(&agent, agent.fd, EPOLL_CTL_MOD, EPOLLIN);
  agent.state = Agent::State::shaking_hands;
  send(agent,
       "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(ntohs(options_.server.sin_port)) +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Protocol: netkit-agent.1\r\n\r\n");
}

void Agents::send(Agent& agent, const std::string& bytes) {
  // What an agent sends fits into an empty socket buffer; one that is full is a server that hangs.
  if (::send(agent.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
      static_cast<ssize_t>(bytes.size()))
    return;
  lose(agent, std::strerror(errno));
}

void Agents::lose(Agent& agent, const std::string& why) {
  if (agent.fd < 0) return;
  if (agent.state != Agent::State::open)
    give_up("agent " + std::to_string(agent.number) + " is not welcomed: " + why);
  close(agent.fd);
  agent.fd = -1;
  ++lost_;
}

void Agents::read(Agent& agent) {
  const ssize_t size = recv(agent.fd, scratch_.data(), scratch_.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    lose(agent, size == 0 ? "the server closed the connection" : std::strerror(errno));
    return;
  }
  agent.unread.append(scratch_.data(), static_cast<std::size_t>(size));
  if (agent.state == Agent::State::shaking_hands && !take_handshake(agent)) return;
  while (agent.fd >= 0 && take_message(agent)) {
  }
  if (agent.unread.empty()) std::string{}.swap(agent.unread);
}

bool Agents::take_handshake(Agent& agent) {
  const std::size_t end = agent.unread.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string head = agent.unread.substr(0, end);
  if (!head.starts_with("HTTP/1.1 101") || head.find(ws_accept) == std::string::npos ||
      head.find("netkit-agent.1") == std::string::npos)
    give_up("the handshake is refused: " + head.substr(0, head.find('\r')));
  agent.unread.erase(0, end + 4);
  agent.state = Agent::State::greeting;
  send(agent, hello(agent.number));
  return true;
}

bool Agents::take_message(Agent& agent) {
  const std::string_view bytes = agent.unread;
  if (bytes.size() < 2) return false;
  const unsigned opcode = static_cast<unsigned char>(bytes[0]) & 0x0f;
  std::uint64_t size = get(bytes, 1, 1) & 0x7f;
  std::size_t head = 2;
  if (size == 126) head = 4;
  if (size == 127) head = 10;
  if (bytes.size() < head) return false;
  if (head > 2) size = get(bytes, 2, head - 2);
  if (size > message_size_max) give_up("a message is too large");
  if (bytes.size() < head + size) return false;
  const std::string payload{bytes.substr(head, size)};
  agent.unread.erase(0, head + size);
  if (opcode == 2) handle(agent, payload);
  if (opcode == 8)
    lose(agent, "the server closes: " + payload.substr(std::min<std::size_t>(2, size)));
  if (opcode == 9) send(agent, ws_message(10, payload));
  return true;
}

void Agents::handle(Agent& agent, std::string_view frame) {
  if (frame.size() < 16 || !frame.starts_with("\xF7NK\x01") ||
      get(frame, 12, 4) != frame.size() - 16)
    give_up("a message is no frame");
  const auto type = static_cast<std::uint16_t>(get(frame, 4, 2));
  const std::string_view body = frame.substr(16);
  if (type == type_hello && agent.state == Agent::State::greeting) {
    const std::size_t name_size = get(body, 0, 2);
    heartbeat_ns_ = static_cast<std::int64_t>(get(body, 2 + name_size, 4)) * 1'000'000;
    agent.state = Agent::State::open;
    --opening_;
    ++open_;
  } else if (type == type_order) {
    ordered(agent, get(body, 0, 8));
  } else if (type == type_error) {
    give_up("the server says: " + std::string{body.substr(std::min<std::size_t>(2, body.size()))});
  }
}

void Agents::ordered(Agent& agent, std::uint64_t order) {
  if (agent.order == 0) {
    agent.order = order;
    agent.ordered_ns = now_ns();
  } else if (agent.order == order) {
    ++again_;
  } else {
    ++others_;
  }
  std::string id;
  put(id, order, 8);
  std::string answers = message(type_receipt, id);
  if (options_.answers_to >= type_accepted) answers += message(type_accepted, id);
  if (options_.answers_to >= type_going) answers += message(type_going, id);
  send(agent, answers);
}

// Waits for events and handles them; returns how many there were.
int Agents::turn(int wait_ms) {
  std::array<epoll_event, 512> events{};
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
  if (count < 0 && errno != EINTR) give_up(std::string{"cannot wait: "} + std::strerror(errno));
  for (int i = 0; i < count; ++i) {
    auto* agent = static_cast<Agent*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (!agent)
      stdin_ended_ = !read_stdin();
    else if (agent->fd >= 0 && agent->state == Agent::State::connecting)
      connected(*agent);
    else if (agent->fd >= 0)
      read(*agent);
  }
  return count;
}

// A part of the agents pings at each step, so that the server hears of them evenly.
void Agents::heartbeat() {
  const std::int64_t now = now_ns();
  if (now < next_beat_ns_) return;
  next_beat_ns_ = now + heartbeat_ns_ / static_cast<std::int64_t>(heartbeat_steps);
  static const std::string ping = ws_message(9, "");
  beat_ = (beat_ + 1) % heartbeat_steps;
  for (std::size_t at = beat_; at < agents_.size(); at += heartbeat_steps)
    if (agents_[at].fd >= 0) send(agents_[at], ping);
}

bool Agents::read_stdin() {
  std::array<char, 256> bytes{};
  const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (size <= 0) return false;
  line_.append(bytes.data(), static_cast<std::size_t>(size));
  for (std::size_t end; (end = line_.find('\n')) != std::string::npos; line_.erase(0, end + 1))
    report(std::strtoll(line_.c_str(), nullptr, 10));
  return true;
}

void Agents::report(std::int64_t start_ns) const {
  std::vector<double> ms;
  for (const Agent& agent : agents_)
    if (agent.order != 0) ms.push_back(static_cast<double>(agent.ordered_ns - start_ns) / 1e6);
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double share) {
    if (ms.empty()) return 0.0;
    return ms[std::min(ms.size() - 1, static_cast<std::size_t>(share * double(ms.size())))];
  };
  std::printf(
      "{\"agents\":%zu,\"connected\":%zu,\"orders\":%zu,\"again\":%zu,\"others\":%zu,"
      "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
      agents_.size(), agents_.size() - lost_, ms.size(), again_, others_, at(0.5), at(0.99), at(1));
  std::fflush(stdout);
}

void Agents::serve() {
  std::puts("ready");
  std::fflush(stdout);
  watch(nullptr, STDIN_FILENO, EPOLL_CTL_ADD, EPOLLIN);
  while (!stdin_ended_) {
    turn(20);
    heartbeat();
  }
}

std::size_t count(const char* text, std::size_t most) {
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (*end != '\0' || value < 1 || value > most) give_up(std::string{"not in range: "} + text);
  return static_cast<std::size_t>(value);
}

std::uint16_t answers(std::string_view word) {
  if (word == "receipt") return type_receipt;
  if (word == "accepted") return type_accepted;
  if (word == "going") return type_going;
  give_up("not an answer: " + std::string{word});
}

Options read_options(int argc, char** argv) {
  static const option names[] = {
      {"agents", required_argument, nullptr, 'n'},  {"sources", required_argument, nullptr, 's'},
      {"answers", required_argument, nullptr, 'a'}, {"limit", required_argument, nullptr, 'l'},
      {"help", no_argument, nullptr, 'h'},          {}};
  Options options;
  for (int name; (name = getopt_long(argc, argv, "h", names, nullptr)) != -1;) {
    switch (name) {
      case 'n': options.agents = count(optarg, 1'000'000); break;
      case 's': options.sources = count(optarg, 200); break;
      case 'a': options.answers_to = answers(optarg); break;
      case 'l': options.limit_ms = static_cast<int>(count(optarg, 3600) * 1000); break;
      case 'h': std::fputs(help, stdout); std::exit(0);
      default: std::exit(2);
    }
  }
  if (optind + 1 != argc) give_up("give one ADDRESS:PORT; see --help");
  const std::string text = argv[optind];
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), &options.server.sin_addr) != 1)
    give_up("not an IPv4 address and port: " + text);
  options.server.sin_family = AF_INET;
  options.server.sin_port =
      htons(static_cast<std::uint16_t>(count(text.c_str() + colon + 1, 65535)));
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < options.agents + 16)
    give_up("the open-file limit allows " + std::to_string(limit.rlim_cur) + " descriptors only");
  Agents agents{options};
  agents.open();
  agents.serve();
  return 0;
}
