// Names, addresses, and an error code for who is away.
#include "commands/presence/recipient.hpp"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <chrono>

#include "base/text.hpp"
#include "base/units.hpp"

namespace netkit::presence {
namespace {

/// To scripts it is as if its host could not be reached.
struct Absence final : std::error_category {
  const char* name() const noexcept override { return "presence"; }
  std::string message(int state) const override {
    return static_cast<State>(state) == State::left ? "it has left" : "it is offline";
  }
  std::error_condition default_error_condition(int) const noexcept override {
    return std::errc::host_unreachable;
  }
};

const std::error_category& absence() noexcept {
  static const Absence instance;
  return instance;
}

Error absent(const Entry& entry) {
  const std::chrono::system_clock::time_point since{std::chrono::milliseconds{
      static_cast<std::int64_t>(std::min<std::uint64_t>(entry.since_ms, std::uint64_t{1} << 52))}};
  return {std::error_code{static_cast<int>(entry.state), absence()}, "send to " + shown_name(entry),
          "since " + to_rfc3339(since) + "; --wait keeps the message until it is back"};
}

Error ambiguous(const std::vector<const Entry*>& entries, std::string_view name) {
  std::vector<std::string> names;
  for (const Entry* const entry : entries)
    names.push_back("'" + shown_name(*entry) + "'");
  return {Errc::usage, "tell who is meant by '" + escape_for_display(name) + "'",
          "say " + join(names, " or ")};
}

}  // namespace

bool is_endpoint(std::string_view text) {
  return text.find(':') != std::string_view::npos;
}

Result<Recipient> recipient_at(std::string_view endpoint) {
  const Result<net::Endpoint> parsed = net::parse_endpoint(endpoint);
  if (!parsed) return parsed.error();
  if (parsed->scheme_or(net::Scheme::tls) != net::Scheme::tls || !parsed->port ||
      *parsed->port == 0 || parsed->host.empty())
    return Error{Errc::usage, "send to " + escape_for_display(endpoint),
                 "expected a peer's name or HOST:PORT"};
  Recipient recipient;
  recipient.addresses = {parsed->host};
  recipient.port = *parsed->port;
  return recipient;
}

Result<const Entry*> pick(const std::vector<const Entry*>& called, std::string_view name) {
  if (called.empty())
    return Error{Errc::not_found, "find a peer called " + escape_for_display(name),
                 "netkit peer list shows who is here, netkit peer why says why somebody is not"};
  const auto shown = [&](const Entry* entry) { return shown_name(*entry) == name; };
  std::vector<const Entry*> here;
  std::ranges::copy_if(called, std::back_inserter(here),
                       [](const Entry* entry) { return entry->is_here(); });
  const auto exact = std::ranges::find_if(called, shown);
  const Entry* chosen = called.front();
  if (exact != called.end())
    chosen = *exact;
  else if (here.size() > 1)
    return ambiguous(here, name);
  else if (here.size() == 1)
    chosen = here.front();
  if (!chosen->is_here()) return absent(*chosen);
  return chosen;
}

Recipient recipient_of(const Entry& entry, std::string_view teller) {
  Recipient recipient;
  recipient.shown = shown_name(entry);
  recipient.name = entry.said.name;
  recipient.key = entry.said.key;
  recipient.certificate = entry.said.certificate;
  recipient.port = entry.said.tcp_port;
  std::error_code no_address;
  const auto from = asio::ip::make_address(teller, no_address);
  const bool told_from_afar =
      !teller.empty() && teller != "localhost" && (no_address || !from.is_loopback());
  for (const asio::ip::address& address : entry.addresses)
    if (!told_from_afar || !address.is_loopback())
      recipient.addresses.push_back(address.to_string());
  if (recipient.addresses.size() < entry.addresses.size()) recipient.addresses.emplace_back(teller);
  return recipient;
}

bool is_absent(const Error& error) {
  return error.code.category() == absence();
}

}  // namespace netkit::presence
