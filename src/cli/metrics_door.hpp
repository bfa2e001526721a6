// Answers GET /metrics and /healthz beside what a server serves: on listeners of their own, which
// neither its limits, its tokens nor its draining touch. Whoever is slow there costs nothing.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <string>

#include "net/address.hpp"
#include "net/listen.hpp"
#include "wire/http.hpp"

namespace netkit::cli {

/// Called on the thread of the io_context.
struct MetricsPages {
  std::function<std::string()> metrics;
  std::function<bool()> draining;
  /// Whether that address may ask; it says in the log who may not.
  std::function<bool(const asio::ip::address&)> admits;
};

/// What a request is answered with.
void answer_scrape(const wire::HttpRequest& request, const MetricsPages& pages, std::string& out);

/// Serves until `io` goes, which must be before what the pages refer to.
void serve_metrics(asio::io_context& io, net::Listening listening, MetricsPages pages);

}  // namespace netkit::cli
