// A porter, a hall that only listens, and one guest in it who passes on what is told.
#include "commands/presence/neighbours.hpp"

#include <algorithm>

#include "commands/presence/protocol.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {

Neighbours::Neighbours(log::Logger& log, asio::io_context& io, net::MulticastOptions group,
                       Hearer hearer)
    : hearer_{std::move(hearer)} {
  const auto own = std::make_shared<Own>();
  HallSettings settings;
  settings.name = "listener";  // In questions; nobody shows it.
  settings.instance = std::max<std::uint64_t>(moment().wall_ms * 1000, 1);
  settings.on_daemon = [this, own](const Announcement& daemon, const asio::ip::address& from) {
    heard_daemon(daemon, from);
  };
  const bool shows = log.enabled(log::Level::debug);
  porter_ =
      Porter::open(io, shows ? log : own->silence, std::move(settings), own->key, std::move(group));
}

Neighbours::~Neighbours() {
  porter_->hall().leave(*this, moment());
  porter_->quit();
}

void Neighbours::adopt(const std::vector<const Entry*>& told) {
  for (const Entry* const entry : told)
    hall().adopt(*entry, moment());
}

void Neighbours::start() {
  std::string frame;
  append_subscribe(frame, hall().roster().version());
  hall().greet(*this);
  const std::string_view body = std::string_view{frame}.substr(wire::frame_header_size);
  static_cast<void>(hall().take(*this, message_type::subscribe, body, moment()));
  porter_->start();
}

void Neighbours::ask_all() {
  hall().ask_all(moment());
}

void Neighbours::heard_daemon(const Announcement& daemon, const asio::ip::address& from) {
  if (daemon.tcp_port == 0) return;
  FoundDaemon found;
  found.endpoint.scheme = daemon.certificate.empty() ? net::Scheme::tcp : net::Scheme::tls;
  found.endpoint.host = from.to_string();
  found.endpoint.port = daemon.tcp_port;
  found.key = daemon.key;
  found.certificate = daemon.certificate;
  found.name = daemon.name;
  hearer_.found(std::move(found));
}

}  // namespace netkit::presence
