// `netkit peer list`: who is here, once.
#include <unistd.h>

#include "commands/presence/listing.hpp"
#include "commands/presence/peer_verbs.hpp"
#include "commands/presence/with_circle.hpp"

namespace netkit::presence {
namespace {

class ListAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override { declare_peer(options, peer_); }

  Status run(cli::Context& context) override {
    return with_circle(context, peer_, [&](Circle& circle) { return list(context, circle); });
  }

 private:
  static asio::awaitable<Status> list(cli::Context& context, Circle& circle) {
    if (Status whole = co_await circle.complete(); !whole) co_return whole;
    say_remark(context, remark(circle.source()));
    const std::vector<const Entry*> entries = circle.all();
    if (entries.empty()) co_return ok;
    if (!context.out.json() && ::isatty(STDOUT_FILENO) != 0)
      co_return context.out.bytes(table_text(entries));
    for (const Entry* const entry : entries) {
      Status shown = context.out.json() ? context.out.object(list_object(*entry))
                                        : context.out.line(list_line(*entry));
      if (!shown) co_return shown;
    }
    co_return ok;
  }

  PeerOptions peer_;
};

}  // namespace

std::unique_ptr<cli::Action> make_list() {
  return std::make_unique<ListAction>();
}

}  // namespace netkit::presence
