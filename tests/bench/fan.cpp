// The load program of tests/bench/relay: clients of a chat or publish/subscribe server that check
// every text and print one JSON line. Its --help is the reference. It never starts or judges a
// server.
#include <arpa/inet.h>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

#include "fan_load.hpp"

namespace {

using netkit::bench::FanDialect;
using netkit::bench::FanLoad;
using netkit::bench::FanMeasurement;
using netkit::bench::FanPlan;
using netkit::bench::give_up;

constexpr std::size_t warm_up_window = 64;  // A full one takes mosquitto a quarter of a minute.

constexpr const char* help =
    "Usage: fan [OPTIONS] ADDRESS:PORT [ADDRESS:PORT]\n"
    "Clients of one channel in one thread: every receiver checks that it gets each text once, "
    "whole\n"
    "and in its sender's order. With two addresses the senders connect to the first, all others "
    "to\n"
    "the second.\n"
    "\n"
    "  --dialect NAME    redis (RESP3), nats, mqtt (3.1.1, QoS 0), irc, lines (ncat --chat),\n"
    "                    stream (lines that come back to their sender, too), frames (netkit "
    "relay)\n"
    "  --senders N       (1)\n"
    "  --receivers N     that do not send (10)\n"
    "  --all N           N that send and receive, instead of those\n"
    "  --size BYTES      of a text, at least 16 (64)\n"
    "  --window N        texts under way, over all senders: not yet received by all (1024)\n"
    "  --rate N          texts a second at fixed times, instead of as many as the window lets\n"
    "  --seconds S       length of the measurement (2)\n"
    "  --warm-up S       load before it, not counted (0.3)\n"
    "  --sources N       connect from N loopback addresses, 127.0.0.1 upward (1)\n"
    "  --idle            let all in, print \"ready\", hold them until stdin ends\n"
    "\n"
    "Prints \"ready\" after the warm-up and waits for a line on stdin; then one JSON object: "
    "texts,\n"
    "deliveries, seconds, deliveries_per_s, and p50_us, p99_us, max_us from the moment a text is\n"
    "due to its delivery; then it holds the connections until stdin ends. A text that is lost,\n"
    "repeated, out of order or wrong, a lost connection, or silence of 10 s: exit status 1.\n";

struct Options {
  FanPlan plan;
  std::string dialect = "frames";
  double seconds = 2;
  double warm_up_seconds = 0.3;
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

sockaddr_in read_address(std::string_view text) {
  sockaddr_in address{};
  const std::size_t colon = text.rfind(':');
  const std::string host{text.substr(0, colon)};
  if (colon == text.npos || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
    give_up("not an IPv4 address and port: " + std::string{text});
  address.sin_family = AF_INET;
  address.sin_port = htons(number<std::uint16_t>(text.substr(colon + 1), 1, 65535));
  return address;
}

void read_option(int name, Options& options) {
  FanPlan& plan = options.plan;
  switch (name) {
    case 'd': options.dialect = optarg; break;
    case 's': plan.senders = number<std::size_t>(optarg, 1, 10'000); break;
    case 'r': plan.receivers = number<std::size_t>(optarg, 1, 100'000); break;
    case 'a':
      plan.senders = number<std::size_t>(optarg, 2, 10'000);
      plan.all_hear = true;
      break;
    case 'z': plan.text_size = number<std::size_t>(optarg, 16, 65536); break;
    case 'w': plan.window = number<std::size_t>(optarg, 1, 65536); break;
    case 'q': plan.rate = number(optarg, 0.1, 1e6); break;
    case 't': options.seconds = number(optarg, 0.01, 3600.0); break;
    case 'u': options.warm_up_seconds = number(optarg, 0.0, 3600.0); break;
    case 'o': plan.sources = number<std::size_t>(optarg, 1, 200); break;
    case 'i': options.idle = true; break;
    case 'h': std::fputs(help, stdout); std::exit(0);
    default: std::exit(2);
  }
}

Options read_options(int argc, char** argv) {
  static const option names[] = {
      {"dialect", required_argument, nullptr, 'd'},
      {"senders", required_argument, nullptr, 's'},
      {"receivers", required_argument, nullptr, 'r'},
      {"all", required_argument, nullptr, 'a'},
      {"size", required_argument, nullptr, 'z'},
      {"window", required_argument, nullptr, 'w'},
      {"rate", required_argument, nullptr, 'q'},
      {"seconds", required_argument, nullptr, 't'},
      {"warm-up", required_argument, nullptr, 'u'},
      {"sources", required_argument, nullptr, 'o'},
      {"idle", no_argument, nullptr, 'i'},
      {"help", no_argument, nullptr, 'h'},
      {},
  };
  Options options;
  for (int name; (name = getopt_long(argc, argv, "h", names, nullptr)) != -1;)
    read_option(name, options);
  if (argc - optind != 1 && argc - optind != 2) give_up("give an ADDRESS:PORT; see --help");
  options.plan.near = read_address(argv[optind]);
  options.plan.far = read_address(argv[argc - 1]);
  return options;
}

void raise_open_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void say_ready() {
  std::puts("ready");
  std::fflush(stdout);
}

void measure(FanLoad& load, const Options& options) {
  load.open(false);
  if (options.warm_up_seconds > 0) load.run(options.warm_up_seconds, warm_up_window);
  say_ready();
  load.hold();
  if (std::getchar() != '\n') give_up("stdin ended before the start was given");

  const FanMeasurement done = load.run(options.seconds, options.plan.window);
  std::printf(
      "{\"texts\":%llu,\"deliveries\":%llu,\"seconds\":%.6f,\"deliveries_per_s\":%.1f,"
      "\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n",
      static_cast<unsigned long long>(done.texts), static_cast<unsigned long long>(done.deliveries),
      done.seconds, static_cast<double>(done.deliveries) / done.seconds,
      done.latencies.percentile_us(0.5), done.latencies.percentile_us(0.99),
      done.latencies.max_us());
  std::fflush(stdout);
  // The caller reads the server's processor time before the server has ends to handle.
  load.hold();
}

}  // namespace

int main(int argc, char** argv) {
  Options options = read_options(argc, argv);
  // ncat puts a name before each 8 KiB that it reads: lines that divide them stay whole.
  if (options.dialect == "lines") --options.plan.text_size;
  raise_open_file_limit();
  const auto dialect = netkit::bench::make_dialect(options.dialect, options.plan.text_size);
  if (!dialect) give_up("no dialect " + options.dialect);
  FanLoad load{options.plan, *dialect};
  if (options.idle) {
    load.open(true);
    say_ready();
    load.hold();
  } else {
    measure(load, options);
  }
  return 0;
}
