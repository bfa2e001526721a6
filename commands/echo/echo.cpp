// The rows of echo in the command table: verbs, what help says, examples.
#include "commands/echo/echo.hpp"

#include <array>

#include "cli/packed_text.hpp"

namespace netkit::echo {
namespace {

using cli::Example;
using cli::ExitNote;

constexpr std::array<Example, 3> serve_examples{{
    {"netkit echo serve", "on port 9090, tcp and udp, all addresses"},
    {"netkit echo serve --all", "on every transport, for `netkit echo compare`"},
    {"netkit echo serve --listen tcp://127.0.0.1:0 --port-file port",
     "on a free port, which a script finds in the file `port`"},
}};
constexpr std::array<Example, 4> send_examples{{
    {"netkit echo send 192.0.2.7 hello", "one line to port 9090; prints what comes back"},
    {"seq 3 | netkit echo send ws://127.0.0.1:9094", "each line of stdin as a WebSocket message"},
    {"netkit echo send tcp://db:6379 PING --expect '^\\+PONG'",
     "a readiness probe for any text protocol: exit 0, 5 (other answer), 6 (none)"},
    {"netkit echo send tls://host:9093 hello --retry forever", "wait for a server to come up"},
}};
constexpr std::array<Example, 2> ping_examples{{
    {"netkit echo ping 192.0.2.7 -c 10", "ten round trips over tcp"},
    {"netkit echo ping udp://192.0.2.7 -i 10ms --size 1KiB --histogram",
     "loss and spread of datagrams of 1 KiB"},
}};
constexpr std::array<Example, 2> bench_examples{{
    {"netkit echo bench 127.0.0.1 --connections 100 --size 1KiB", "throughput, then latency"},
    {"netkit echo bench ws://127.0.0.1:9094 --rate 5000 --json",
     "latency at 5,000 messages a second, as JSON"},
}};
constexpr std::array<Example, 2> compare_examples{{
    {"netkit echo compare 192.0.2.7", "tcp, udp, tls, ws and wss side by side"},
    {"netkit echo compare tcp://a:9090 tcp://b:9090", "the same transport to two places"},
}};

constexpr std::array<ExitNote, 2> send_exits{{
    {5, "an answer came that --expect does not match"},
    {6, "no answer within --timeout"},
}};
constexpr std::array<ExitNote, 1> ping_exits{{{6, "no reply at all"}}};
constexpr std::array<ExitNote, 1> compare_exits{{{3, "no transport was reachable"}}};

constexpr std::array<cli::Verb, 5> verbs{{
    {.name = "serve",
     .summary = "Return to every peer what it sends",
     .description =
         "Answers byte for byte. On tcp, tls and unix nothing is interpreted unless --framing pins "
         "a dialect; on udp each datagram, on ws and wss each message is returned as it came. "
         "SIGHUP "
         "reads the configuration, the certificate and the log file again; SIGTERM lets what is in "
         "flight finish.",
     .examples = serve_examples,
     .exits = {},
     .make = make_serve},
    {.name = "send",
     .summary = "Send text, print what comes back",
     .description =
         "Sends TEXT, or each line of stdin, with a line end behind it, and prints the answer: up "
         "to "
         "its line end, as many bytes as were sent, or what came within --timeout. Messages of ws, "
         "wss, frame and len64 have bounds of their own and are sent without a line end.",
     .examples = send_examples,
     .exits = send_exits,
     .make = make_send},
    {.name = "ping",
     .summary = "Measure round trips",
     .description =
         "Sends one message after the other over one connection, prints each round trip and then "
         "minimum, median, 90th and 99th percentile, maximum, jitter (RFC 3550, 6.4.1, of round "
         "trips) and loss. Runs until ^C without --count.",
     .examples = ping_examples,
     .exits = ping_exits,
     .make = make_ping},
    {.name = "bench",
     .summary = "Measure throughput and latency under load",
     .description =
         "First, for half of --duration, every connection sends its next message as soon as the "
         "answer is there: that is the throughput. Then messages leave at fixed times, at --rate "
         "or "
         "70 % of that throughput, whether or not answers are late, and each latency counts from "
         "the time at which its message was due. So a server that stalls is charged for every "
         "message it held up (no coordinated omission).",
     .examples = bench_examples,
     .exits = {},
     .make = make_bench},
    {.name = "compare",
     .summary = "The same ping over every transport: one table",
     .description =
         "With a host, tries the transports of `netkit echo serve --all` on their ports, and says "
         "which are not offered; with endpoints, those. Rounds are interleaved, so that a change "
         "on the way meets all alike.",
     .examples = compare_examples,
     .exits = compare_exits,
     .make = make_compare},
}};

constexpr std::string_view manual_text = R"(
The tool to try a link, a firewall or a proxy with. `netkit echo serve` takes tcp and udp port
9090, with `--all` a port for every transport, which `netkit echo compare` then puts in one table.

On tcp, tls and unix sockets no byte is interpreted, so TLS has a port of its own, and an endpoint
without a scheme is plain tcp, also off this machine: send an echo server no secret.

As a probe, `netkit echo send E TEXT --expect REGEX` exits 0 only if the answer matches, and
`--retry` waits for a server that is not up yet. sctp is the kernel's where it has it, else it
runs in user space within UDP; the two do not reach each other, so servers listen and clients try
both ways.

# FILES

`STATE/echo.sock` :: The unix socket of `--all`.

`STATE/tls-cert.pem`, `STATE/tls-key.pem` :: The certificate the server made for itself.

# EVENTS

`receive`, `send` :: `address`, `port`, `bytes`.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command command{.name = "echo",
                                     .summary = "Return what is sent, and measure the way",
                                     .verbs = verbs,
                                     .manual = cli::view_of(manual_bytes)};

access::Showing showing_of(Framing framing) {
  switch (framing) {
    case Framing::frame: return access::Showing::frame;
    case Framing::len64: return access::Showing::len64;
    case Framing::raw:
    case Framing::line: break;
  }
  return access::Showing::line;
}

void declare_framing(cli::Options& options, Framing& framing) {
  options.choice("framing", framing,
                 {{"raw", Framing::raw},
                  {"frame", Framing::frame},
                  {"len64", Framing::len64},
                  {"line", Framing::line}},
                 "How messages are told apart on tcp, tls and unix");
}

}  // namespace netkit::echo
