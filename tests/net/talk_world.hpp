// Two peers over loopback for the tests of their conversations: one listens in a thread of its own,
// the other writes to it.
#pragma once

#include <mutex>

#include "commands/presence/known_peers.hpp"
#include "commands/presence/talk_client.hpp"
#include "commands/presence/talk_server.hpp"
#include "identity/kept_key.hpp"
#include "net/rig.hpp"
#include "support/temporary_folder.hpp"

namespace netkit::presence::tests {

using net::tests::RunningServer;

/// A peer that listens. What it hears is looked at after its end, or under the lock.
class Listener {
 public:
  struct Plan {
    std::string name = "bert";
    net::ServerOptions options = {};
    TalkLimits limits = {};
    std::string certificate = {};  ///< Announced instead of its own.
    std::function<Status(const Announcement&, const Say&)> deliver = {};
    bool takes_files = false;  ///< Into files().
  };

  Listener() : Listener(Plan{}) {}
  explicit Listener(Plan plan) : plan_{std::move(plan)} {
    auto port = open_talk_port(folder_.path(), *net::parse_endpoint("tls://127.0.0.1:0"));
    REQUIRE(port);
    certificate_ = plan_.certificate.empty() ? port->certificate : plan_.certificate;
    port_ = port->port();
    talk_.emplace(TalkServer::Plan{
        .pair = &key_.pair(),
        .tls = port->tls,
        .certificate = port->certificate,
        .own = [this] { return said(); },
        .meet = [this](const Announcement& peer) -> Status {
          auto verdict = known_.check(peer.name, peer.key);
          return verdict ? Status{ok} : verdict.error();
        },
        .deliver = [this](const Announcement& from, const Say& say) { return take(from, say); },
        .folder = plan_.takes_files ? &*root_ : nullptr,
        .came = [this](const Announcement& from, const std::string& name,
                       std::uint64_t size) { note(from, name, size); },
        .limits = plan_.limits});
    RunningServer::Plan running{
        .listen = {}, .options = plan_.options, .service = talk_->service()};
    running.opened = std::make_shared<net::Listening>(std::move(port->listening));
    server_ = std::make_unique<RunningServer>(std::move(running));
  }

  Announcement said() const {
    Announcement said;
    said.name = plan_.name;
    said.tcp_port = port_;
    said.certificate = certificate_;
    return said;
  }
  std::uint16_t port() const { return port_; }
  const identity::KeptKey& key() const { return key_; }
  RunningServer& server() { return *server_; }
  const support::TemporaryFolder& files() const { return files_; }
  std::vector<std::string> heard() const {
    const std::lock_guard lock{mutex_};
    return heard_;
  }

 private:
  Status take(const Announcement& from, const Say& say) {
    if (plan_.deliver)
      if (Status taken = plan_.deliver(from, say); !taken) return taken;
    const std::lock_guard lock{mutex_};
    heard_.push_back(from.name + ": " + std::string{say.text});
    return ok;
  }

  void note(const Announcement& from, const std::string& name, std::uint64_t size) {
    const std::lock_guard lock{mutex_};
    heard_.push_back(from.name + " sent " + name + " " + std::to_string(size));
  }

  const Plan plan_;
  const support::TemporaryFolder folder_;
  const support::TemporaryFolder files_;
  const Result<transfer::Root> root_ = transfer::Root::open(files_.path());
  const KnownPeers known_{folder_.path()};
  const identity::KeptKey key_ = identity::KeptKey::make();
  std::string certificate_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> heard_;
  std::optional<TalkServer> talk_;
  std::unique_ptr<RunningServer> server_;
};

struct Writer {
  identity::KeptKey key = identity::KeptKey::make();
  std::string name = "ana";

  SendPlan plan(const Listener& to, std::vector<std::string> texts) const {
    SendPlan plan;
    plan.addresses = {"127.0.0.1"};
    plan.port = to.port();
    plan.key = to.key().public_key();
    plan.pair = &key.pair();
    plan.own.name = name;
    plan.meet = [](const Announcement&) -> Status { return ok; };
    plan.texts = std::move(texts);
    return plan;
  }
  SendReport send(const Listener& to, std::vector<std::string> texts) const {
    return send(plan(to, std::move(texts)));
  }
  static SendReport send(const SendPlan& plan) { return net::tests::run(send_messages(plan)); }
};

}  // namespace netkit::presence::tests
