// The load program of tests/bench/run: echo clients over TCP or WebSocket that check every byte
// and print one JSON line. Its --help is the reference. It never starts or judges a server.
#include <arpa/inet.h>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include "load_client.hpp"

namespace {

using netkit::bench::Cycle;
using netkit::bench::give_up;
using netkit::bench::LoadClient;
using netkit::bench::Measurement;
using netkit::bench::Target;

constexpr const char* help =
    "Usage: load [OPTIONS] ADDRESS:PORT\n"
    "Echo clients in one thread: every byte that returns is checked, every message is timed.\n"
    "\n"
    "  --protocol tcp|ws     bare bytes, or WebSocket binary messages of one frame (tcp)\n"
    "             greeting   WebSocket text messages: the server greets with the client's address\n"
    "                        and answers each with `Echo: ` before it, as shutdown-server does\n"
    "  --connections N       (1)\n"
    "  --size BYTES          of a message (64)\n"
    "  --outstanding N       messages under way on each connection (1)\n"
    "  --seconds S           length of the measurement (2)\n"
    "  --warm-up S           load before it, not counted (0.3)\n"
    "  --sources N           connect from N loopback addresses, 127.0.0.1 upward (1)\n"
    "  --gate                print \"ready\" after the warm-up and wait for a line on stdin;\n"
    "                        when all is printed, hold the connections until stdin ends\n"
    "  --idle N              open N connections, print \"ready\", hold them until stdin ends\n"
    "\n"
    "Prints one JSON object: messages, seconds, messages_per_s, bytes_per_s (one way), and\n"
    "p50_us, p90_us, p99_us, max_us from the moment a message is due to its last byte back.\n"
    "Any wrong byte, lost connection or silence of 10 s: exit status 1.\n";

struct Options {
  Target target;
  std::size_t connections = 1;
  std::size_t size = 64;
  std::size_t outstanding = 1;
  double seconds = 2;
  double warm_up_seconds = 0.3;
  bool gate = false;
  bool idle = false;
};

template <typename Number>
Number number(std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    give_up("not a number in range: " + std::string{text});
  return value;
}

std::size_t count(std::string_view text, std::size_t most) {
  return number<std::size_t>(text, 1, most);
}

void read_address(std::string_view text, sockaddr_in& address) {
  const std::size_t colon = text.rfind(':');
  const std::string host{text.substr(0, colon)};
  if (colon == text.npos || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
    give_up("not an IPv4 address and port: " + std::string{text});
  address.sin_family = AF_INET;
  address.sin_port = htons(number<std::uint16_t>(text.substr(colon + 1), 1, 65535));
}

void read_protocol(std::string_view text, Target& target) {
  if (text != "tcp" && text != "ws" && text != "greeting")
    give_up("not a protocol: " + std::string{text});
  target.websocket = text != "tcp";
  constexpr std::string_view address = "127.0.0.1";
  if (text == "greeting")
    target.greeting = netkit::bench::ws_header(address.size(), 0, '\x81') + std::string{address};
}

Options read_options(int argc, char** argv) {
  static const option names[] = {
      {"protocol", required_argument, nullptr, 'p'},
      {"connections", required_argument, nullptr, 'c'},
      {"size", required_argument, nullptr, 's'},
      {"outstanding", required_argument, nullptr, 'o'},
      {"seconds", required_argument, nullptr, 't'},
      {"warm-up", required_argument, nullptr, 'w'},
      {"sources", required_argument, nullptr, 'a'},
      {"gate", no_argument, nullptr, 'g'},
      {"idle", required_argument, nullptr, 'i'},
      {"help", no_argument, nullptr, 'h'},
      {},
  };
  Options options;
  for (int name; (name = getopt_long(argc, argv, "h", names, nullptr)) != -1;) {
    switch (name) {
      case 'p': read_protocol(optarg, options.target); break;
      case 'c': options.connections = count(optarg, 1'000'000); break;
      case 's': options.size = count(optarg, 16 << 20); break;
      case 'o': options.outstanding = count(optarg, 1024); break;
      case 't': options.seconds = number(optarg, 0.01, 3600.0); break;
      case 'w': options.warm_up_seconds = number(optarg, 0.0, 3600.0); break;
      case 'a': options.target.sources = count(optarg, 200); break;
      case 'g': options.gate = true; break;
      case 'i':
        options.idle = true;
        options.connections = count(optarg, 1'000'000);
        break;
      case 'h': std::fputs(help, stdout); std::exit(0);
      default: std::exit(2);
    }
  }
  if (optind + 1 != argc) give_up("give one ADDRESS:PORT; see --help");
  read_address(argv[optind], options.target.address);
  return options;
}

void raise_open_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Cycle cycle_of(const Options& options) {
  using namespace netkit::bench;
  if (!options.target.greeting.empty()) return ws_prefixed_cycle(options.size, options.outstanding);
  if (options.target.websocket) return ws_cycle(options.size, options.outstanding);
  return tcp_cycle(options.size, options.outstanding);
}

// True once a line came, false at the end of input.
bool say_ready_and_wait() {
  std::puts("ready");
  std::fflush(stdout);
  for (int c; (c = std::getchar()) != EOF;)
    if (c == '\n') return true;
  return false;
}

void hold_idle(LoadClient& client, const Options& options) {
  client.open(options.connections, true);
  while (say_ready_and_wait()) {
  }
  client.check_idle();
}

void measure(LoadClient& client, const Options& options) {
  client.open(options.connections, false);
  if (options.warm_up_seconds > 0) client.run(options.warm_up_seconds);
  if (options.gate && !say_ready_and_wait()) give_up("stdin ended before the start was given");

  const Measurement done = client.run(options.seconds);
  const auto messages = done.latencies.count();
  const double rate = static_cast<double>(messages) / done.seconds;
  std::printf(
      "{\"messages\":%llu,\"seconds\":%.6f,\"messages_per_s\":%.1f,\"bytes_per_s\":%.0f,"
      "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n",
      static_cast<unsigned long long>(messages), done.seconds, rate,
      rate * static_cast<double>(options.size), done.latencies.percentile_us(0.5),
      done.latencies.percentile_us(0.9), done.latencies.percentile_us(0.99),
      done.latencies.max_us());
  std::fflush(stdout);
  // The caller reads the server's processor time before the server has ends to handle.
  while (options.gate && std::getchar() != EOF) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  raise_open_file_limit();
  Cycle cycle = cycle_of(options);
  LoadClient client{options.target, std::move(cycle), options.outstanding};
  if (options.idle)
    hold_idle(client, options);
  else
    measure(client, options);
  return 0;
}
