// One run of a presence daemon: its options, and the order in which its parts begin and end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/own_state.hpp"
#include "cli/store_choice.hpp"
#include "commands/presence/daemon_links.hpp"
#include "commands/presence/keeping.hpp"
#include "commands/presence/redis_roster.hpp"
#include "commands/presence/service.hpp"
#include "identity/kept_key.hpp"

namespace netkit::presence {

/// `netkit presenced run`, in the foreground, and what `start` puts in the background.
class RunAction : public cli::Action {
 public:
  RunAction();
  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 protected:
  Status serve(cli::Context& context);
  /// Known once the options are.
  Result<std::string> state_folder(const cli::Context& context) const;
  cli::ServerOptions& server() { return server_; }
  /// Runs in the process that serves, once its state is its own.
  virtual Status take_over(const std::string& folder);

 private:
  Status open(cli::Context& context, net::Server& server);
  void close();

  std::optional<std::string> name_;
  std::uint16_t group_port_ = presence::group_port;
  bool no_multicast_ = false;
  bool no_sctp_ = false;
  DaemonLinkOptions link_options_;
  cli::StoreChoice store_;
  cli::ServerOptions server_;

  std::string state_;
  std::optional<store::StateLock> lock_;
  access::Guard* guard_ = nullptr;
  cli::Doors doors_;
  std::optional<identity::KeptKey> key_;
  std::shared_ptr<Porter> porter_;
  std::shared_ptr<Keeping> keeping_;
  std::shared_ptr<DaemonLinks> links_;
  std::shared_ptr<RedisRoster> shared_;
  std::optional<Service> service_;
};

}  // namespace netkit::presence
