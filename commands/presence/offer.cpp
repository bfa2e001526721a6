// Tags to endpoints.
#include "commands/presence/offer.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace netkit::presence {
namespace {

/// The value of the tag "KEY=VALUE"; empty if there is none.
std::string_view tag(const Entry& entry, std::string_view key) {
  for (const std::string_view each : entry.said.tags)
    if (each.starts_with(key) && each.substr(key.size()).starts_with('='))
      return each.substr(key.size() + 1);
  return {};
}

}  // namespace

std::optional<Offer> offer_of(const Entry& entry) {
  const std::string_view service = tag(entry, "service");
  if (service.empty() || !entry.is_here() || entry.addresses.empty()) return {};
  net::Endpoint endpoint;
  endpoint.host = entry.addresses.front().to_string();
  endpoint.port = entry.said.tcp_port;
  if (const std::string_view digits = tag(entry, "port"); !digits.empty()) {
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failed != std::errc{} || end != digits.data() + digits.size()) return {};
    endpoint.port = port;
  }
  if (endpoint.port == 0) return {};
  std::string text = net::to_text(endpoint);
  if (const std::string_view scheme = tag(entry, "scheme"); !scheme.empty()) {
    if (std::ranges::find(net::scheme_names(), scheme) == net::scheme_names().end()) return {};
    text = std::string{scheme} + "://" + net::authority(endpoint);
  }
  return Offer{shown_name(entry), std::string{service}, std::move(text), entry.said.key};
}

Offer offer_of(const FoundDaemon& daemon) {
  return {daemon.name, "presence", net::to_text(daemon.endpoint), daemon.key};
}

void add_offer(std::vector<Offer>& offers, Offer offer) {
  const auto is_it = [&](const Offer& each) {
    return each.key == offer.key && each.service == offer.service;
  };
  if (std::ranges::none_of(offers, is_it)) offers.push_back(std::move(offer));
}

}  // namespace netkit::presence
