// A server that announces itself: one who is here, with the tags that make an offer of it, and who
// talks to nobody.
#include "commands/presence/announce.hpp"

#include <optional>
#include <utility>

#include "base/text.hpp"
#include "cli/announcer.hpp"
#include "commands/presence/appearance.hpp"
#include "commands/presence/peer_keys.hpp"

namespace netkit::presence {
namespace {

class ServerAnnouncer final : public cli::Announcer {
 public:
  ServerAnnouncer(const cli::Context& context, asio::io_context& io, PeerKeys keys,
                  Announcement self, const PeerOptions& options)
      : keys_{std::move(keys)}, words_{keys_.key().pair(), std::move(self)} {
    appearance_.emplace(context, context.log, io, words_, options);
    appearance_->begin([](const Status&) {});  // Without a daemon the group hears of it.
  }

  void renew(const std::string& certificate) override {
    if (!words_.set_certificate(certificate)) return;
    appearance_->renew();
  }
  void leave() override { appearance_->leave(); }
  void finish() override {
    appearance_->finish();
    appearance_.reset();
  }

 private:
  const PeerKeys keys_;
  OwnWords words_;
  std::optional<Appearance> appearance_;
};

}  // namespace

Result<std::unique_ptr<cli::Announcer>> announce_server(const cli::Context& context,
                                                        asio::io_context& io,
                                                        const cli::Announced& server) {
  const Result<std::string> name = own_name(context.environment, server.name);
  if (!name)
    return Error{Errc::usage, "announce '" + escape_for_display(server.name) + "'",
                 name.error().hint};
  Result<PeerKeys> keys = PeerKeys::open(server.state, "announced");
  if (!keys) return keys.error();
  const Result<std::uint64_t> instance = keys->begin_run();
  if (!instance) return instance.error();

  Announcement self;
  self.name = *name;
  self.instance = *instance;
  self.tcp_port = server.endpoint.port.value_or(0);
  self.certificate = server.certificate;
  self.tags = {"service=" + std::string{context.command.name},
               "scheme=" + std::string{net::to_text(*server.endpoint.scheme)}};
  PeerOptions options;
  options.group_port = server.group_port;
  options.state = server.state;
  std::unique_ptr<cli::Announcer> made =
      std::make_unique<ServerAnnouncer>(context, io, std::move(*keys), std::move(self), options);
  return made;
}

}  // namespace netkit::presence
