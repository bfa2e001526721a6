// Names and sentences of what is measured.
#include "cli/metrics.hpp"

#include "base/text.hpp"
#include "cli/value.hpp"
#include "wire/exposition.hpp"

namespace netkit::cli {
namespace {

void append_events(std::string& out, const log::EventCounts& events) {
  wire::append_metric(out, "netkit_events_total", "counter",
                      "What happened, as the log names it, and why, in a word.");
  for (const auto& [event, reason, count] : events.counts())
    wire::append_sample(out, "netkit_events_total", {{"event", event}, {"reason", reason}},
                        static_cast<double>(count));
}

void append_durations(std::string& out, const log::EventCounts::Durations& durations) {
  wire::append_metric(out, "netkit_connection_duration_seconds", "histogram",
                      "How long connections lasted that have ended.");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < durations.buckets.size(); ++i) {
    below += durations.buckets[i];
    const bool last = i == log::EventCounts::bounds_s.size();
    wire::append_sample(out, "netkit_connection_duration_seconds_bucket",
                        {{"le", last ? "+Inf" : to_fixed_text(log::EventCounts::bounds_s[i])}},
                        static_cast<double>(below));
  }
  wire::append_sample(out, "netkit_connection_duration_seconds_sum", {}, durations.sum_s);
  wire::append_sample(out, "netkit_connection_duration_seconds_count", {},
                      static_cast<double>(durations.count));
}

}  // namespace

Result<net::Endpoint> metrics_place(net::Endpoint given) {
  if (std::uint16_t port = 0; !given.port && read_value(given.host, port)) {
    given.host.clear();
    given.port = port;
  }
  given = net::complete(std::move(given), net::Scheme::tcp, "127.0.0.1", metrics_port);
  if (given.scheme == net::Scheme::tcp || given.scheme == net::Scheme::unix_) return given;
  return Error{Errc::usage, "use " + net::to_text(given) + " for metrics",
               "expected HOST:PORT, PORT or unix:PATH"};
}

void Gauges::add(std::string_view name, std::string_view help, double value) {
  const std::string whole = "netkit_" + std::string{name};
  wire::append_metric(out_, whole, name.ends_with("_total") ? "counter" : "gauge", help);
  wire::append_sample(out_, whole, {}, value);
}

std::string metrics_page(const Measured& measured, const log::EventCounts& events,
                         const std::function<void(Gauges&)>& more) {
  std::string out;
  wire::append_metric(out, "netkit_build_info", "gauge", "Which server this is, always 1.");
  wire::append_sample(out, "netkit_build_info",
                      {{"version", NETKIT_VERSION}, {"command", measured.command}}, 1);
  wire::append_metric(out, "process_start_time_seconds", "gauge",
                      "When the server was started, since 1970.");
  wire::append_sample(out, "process_start_time_seconds", {}, measured.started_s);
  Gauges gauges{out};
  gauges.add("draining", "Whether the server takes nobody new and ends soon.", measured.draining);
  gauges.add("connections", "Connections that are open.", static_cast<double>(measured.active));
  gauges.add("connections_accepted_total", "Connections that were taken.",
             static_cast<double>(measured.accepted));
  gauges.add("received_bytes_total", "Bytes that came over connections, without those of TLS.",
             static_cast<double>(measured.received));
  gauges.add("sent_bytes_total", "Bytes that went over connections, without those of TLS.",
             static_cast<double>(measured.sent));
  append_events(out, events);
  append_durations(out, events.durations());
  if (more) more(gauges);
  return out;
}

}  // namespace netkit::cli
