// `netkit unit`: prints one unit, one socket, or fail2ban's filter; and its row in the table.
#include <array>

#include "base/text.hpp"
#include "commands/install/fail2ban.hpp"
#include "commands/install/install.hpp"
#include "commands/install/program_file.hpp"
#include "commands/install/units.hpp"

namespace netkit::install {
namespace {

constexpr std::string_view fail2ban = "fail2ban";

class UnitAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    cli::Option& service =
        options.positional("SERVICE", service_, "The server, or fail2ban for a filter of its logs");
    service.required = true;
    for (const Service& each : services())
      service.choices.emplace_back(each.name);
    service.choices.emplace_back(fail2ban);
    options.flag("socket", socket_, "The unit of its socket, by which its first visitor starts it");
    options.value("exec", program_, "PATH", "The program that it starts (default: this one, here)")
        .completes(cli::Complete::file);
  }

  Status run(cli::Context& context) override {
    if (*service_ == fail2ban) return context.out.bytes(fail2ban_filter());
    const Service* const service = find_service(*service_);
    if (!service) return unknown();
    if (socket_ && service->socket.empty())
      return Error{Errc::not_found, "print a socket of " + *service_,
                   "it begins by itself, before anybody comes"};
    if (socket_) return context.out.bytes(socket_unit(*service));
    Result<std::string> program = program_ ? tidy_path(*program_) : program_path();
    if (!program) return program.error();
    if (!fits_unit(*program))
      return Error{Errc::usage, "start " + escape_for_display(*program) + " by a unit",
                   "systemd takes no quotes and backslashes in it: give --exec PATH"};
    return context.out.bytes(service_unit(*service, *program));
  }

 private:
  Error unknown() const {
    std::vector<std::string_view> names{fail2ban};
    std::string all;
    for (const Service& each : services()) {
      names.push_back(each.name);
      all += std::string{each.name} + ", ";
    }
    std::string hint = did_you_mean(*service_, names);
    if (hint.empty()) hint = all + std::string{fail2ban};
    return {Errc::usage, "print a unit of '" + escape_for_display(*service_) + "'",
            std::move(hint)};
  }

  std::optional<std::string> service_;
  std::optional<std::string> program_;
  bool socket_ = false;
};

constexpr std::array<cli::Example, 4> examples{{
    {"netkit unit relay > /etc/systemd/system/netkit-relay.service", "then: systemctl enable"},
    {"netkit unit echo --socket", "the unit of its ports"},
    {"netkit unit fail2ban > /etc/fail2ban/filter.d/netkit.conf", "bans who tries passwords"},
    {"fail2ban-regex auth.log /etc/fail2ban/filter.d/netkit.conf", "tries it on a log"},
}};
constexpr std::array<cli::Verb, 1> verbs{{{
    .name = "",
    .summary = "Print the systemd unit of a server",
    .description =
        "A unit that lets the server reach its state and its sockets, and nothing else. Comments "
        "in "
        "it say how it gets secrets and what may be changed. `netkit install` lays all of them "
        "down.",
    .examples = examples,
    .exits = {},
    .make = cli::make_action<UnitAction>,
}}};

}  // namespace

constinit const cli::Command unit_command{"unit", "Print the systemd unit of a server", verbs};

}  // namespace netkit::install
