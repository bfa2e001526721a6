// One turn of the desk: time, records, and only then the world.
#include "commands/shutdown/desk.hpp"

#include <asio/post.hpp>

#include "base/random.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "cli/remote_error.hpp"
#include "identity/token.hpp"
#include "wire/websocket.hpp"

namespace netkit::shutdown {
namespace {

/// When the records could not be written, they are tried again this much later.
constexpr std::chrono::seconds keep_retry_pause{1};
constexpr std::chrono::hours clean_up_pause{1};

constexpr auto text_message = wire::WebSocketOp::text;
constexpr auto binary_message = wire::WebSocketOp::binary;

FromServer offer_of(const Order& order, Time now) {
  OrderOffer offer;
  offer.order = order.id;
  offer.boot = order.boot;
  offer.force = order.force;
  offer.issuer = order.issuer;
  offer.reason = order.reason;
  using std::chrono::milliseconds;
  // At least 1, as 0 means for ever.
  if (order.expires)
    offer.valid_for_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(
        std::chrono::duration_cast<milliseconds>(*order.expires - now).count(), 1));
  FromServer message;
  message = std::move(offer);
  return message;
}

}  // namespace

Result<std::unique_ptr<Desk>> Desk::open(DeskSettings settings, log::Logger& log,
                                         asio::io_context& main) {
  Result<Records> records = Records::open(settings.state_directory);
  if (!records) return records.error();
  std::unique_ptr<Desk> desk{new Desk{std::move(settings), std::move(*records), log, main}};
  if (Status started = desk->start(); !started) return started.error();
  return desk;
}

Desk::Desk(DeskSettings settings, Records records, log::Logger& log, asio::io_context& main)
    : settings_{std::move(settings)},
      log_{log},
      main_{main},
      started_{Time::clock::now()},
      steady_start_{std::chrono::steady_clock::now()},
      records_{std::move(records)},
      book_{{.verify = settings_.verify,
             .down_limit = settings_.down_limit,
             .is_own_address =
                 [this](std::string_view address) { return own_addresses_.has(address); },
             .new_id = [this] { return new_order_id(); }}} {}

Desk::~Desk() = default;

Time Desk::now() const {
  return started_ + std::chrono::duration_cast<Time::duration>(std::chrono::steady_clock::now() -
                                                               steady_start_);
}

OrderId Desk::new_order_id() const {
  for (;;) {
    // Positive, so that SQLite sorts it as a number.
    const OrderId id = random_u64() >> 1;
    if (id != 0 && !book_.find_order(id)) return id;
  }
}

Status Desk::start() {
  if (Status restored = records_.restore(book_, now()); !restored) return restored;
  timer_.emplace(main_);
  prober_.emplace(main_, [this](const Probe& probe, bool alive) {
    book_.probed(probe, alive, now());
    wake_up();
  });
  listed_.emplace(main_, log_, settings_.list_path, ListDoor::Events{});
  ordered_.emplace(main_, log_, settings_.orders_path,
                   ListDoor::Events{[this] { wake_up(); },
                                    [this](const std::vector<std::string>& addresses) {
                                      book_.lines_written(addresses);
                                      wake_up();
                                    }});
  listed_->read();
  ordered_->read();
  Result<std::optional<PlanRecord>> plan = records_.running_plan();
  if (!plan) return plan.error();
  if (*plan)
    if (Status resumed = plans_.resume(std::move(**plan), book_); !resumed)
      log_.error("plan", {{"error", resumed.error().message()}});
  wake_up();
  return ok;
}

void Desk::close() {
  closed_ = true;
  listed_.reset();
  ordered_.reset();
  timer_.reset();
  prober_.reset();
}

/// A turn soon: after all that has happened already, so that one write to disk serves it all.
void Desk::wake_up() {
  if (std::exchange(turn_due_, true)) return;
  asio::post(main_, [this] { turn(); });
}

/// An order by whatever way the host has: its agent, or its line in `wylacz`.
Result<OrderId> Desk::order_host(const HostKey& key, const Request& request) {
  const Order* const order = book_.order_of(key);
  if (order && order->active() && order->cancel_wanted)
    return Error{Errc::busy, "order " + book_.find_host(key)->name + " again",
                 "its former order is being cancelled; try again when that is over"};
  if (is_agent(key)) return book_.order(key, request, now());
  return book_.order_by_line(key.substr(2), request, now());
}

void Desk::step_plan(Time at) {
  const auto give = [this](const HostKey& key, const Request& request) {
    const Result<OrderId> id = order_host(key, request);
    if (id) return *id;
    log_.warn("plan", {{"host", key.substr(2)}, {"error", id.error().message()}});
    return OrderId{0};
  };
  plan_changed_ = plans_.step(book_, at, give) || plan_changed_;
}

void Desk::turn() {
  if (closed_) return;
  turn_due_ = false;
  const Time at = now();
  if (ordered_->is_known()) book_.lines_are(ordered_->addresses(), at);
  book_.tick(at);
  step_plan(at);
  if (keep()) release();
  for (auto& [session, greet] : std::exchange(greetings_, {}))
    greet();
  clean_up(at);
  set_timer();
}

void Desk::clean_up(Time at) {
  if (at < next_clean_up_) return;
  next_clean_up_ = at + clean_up_pause;
  if (Status done = records_.forget_old_orders(); !done)
    log_.warn("keep", {{"error", done.error().message()}});
}

bool Desk::keep() {
  book_.take_changes_into(held_);
  const Status kept = records_.keep(book_, held_, plan_changed_ ? &plans_.record() : nullptr);
  if (kept) {
    if (std::exchange(failing_, false)) log_.info("keep", {{"hint", "the state is kept again"}});
    return true;
  }
  if (!std::exchange(failing_, true))
    log_.error("keep", {{"error", kept.error().message()},
                        {"hint", "nothing is told to anybody before it is on disk"}});
  give_up_on_new_orders(kept.error());
  return false;
}

/// Whoever just ordered learns that it did not work, and can do it again; all else waits.
void Desk::give_up_on_new_orders(const Error& failure) {
  const Error lost{failure.code, "keep the order", "make room under --state, then order again"};
  const Error late{failure.code, "keep the cancel",
                   "make room under --state: it holds, but not beyond the server's end"};
  for (Pending& each : std::exchange(pending_, {})) {
    book_.withdraw(each.fresh, held_);
    if (each.plan && !each.cancels) {
      book_.withdraw(plans_.drop(), held_);
      plan_changed_ = false;
    }
    each.outlet->post(text_message, cli::show_failure(each.request, each.cancels ? late : lost));
  }
}

void Desk::release() {
  const Changes changes = std::exchange(held_, {});
  for (const Order& order : changes.steps)
    log_order(order);
  for (const Dispatch& each : changes.dispatches)
    dispatch(each);
  for (const Probe& each : changes.probes)
    prober_->probe(each);
  ordered_->add(changes.lines_due);
  ordered_->take(changes.lines_done);
  std::vector<std::string> seen = changes.seen;
  std::erase_if(seen,
                [this](const std::string& each) { return listed_->addresses().contains(each); });
  listed_->add(seen);
  answer_pending();
  tell_operators(changes);
  book_.forget(changes.replaced);
  plan_changed_ = false;
}

void Desk::dispatch(const Dispatch& each) {
  const auto found = outlets_.find(each.session);
  if (found == outlets_.end()) return;
  net::Outlet& outlet = *found->second;
  // It may have waited for the disk: what holds is how things are now.
  const Order* const order = book_.find_order(each.order);
  switch (each.word) {
    case Dispatch::Word::leave: outlet.abort(); break;
    case Dispatch::Word::yep: say_yep(each.session, each.order, outlet); break;
    case Dispatch::Word::cancel:
      outlet.post(binary_message, encode(CancelOffer{each.order}));
      break;
    case Dispatch::Word::offer:
      if (order && order->active()) outlet.post(binary_message, encode(offer_of(*order, now())));
      break;
  }
}

/// A plain client has its order once the word is with its socket, and not if it was gone by then.
void Desk::say_yep(SessionId session, OrderId order, net::Outlet& outlet) {
  outlet.run([this, session, order](net::Connection& connection) {
    std::string out;
    wire::append_websocket(out, text_message, "yep");
    if (!connection.post(out)) return;
    asio::post(main_, [this, session, order] {
      book_.yep_written(session, order, now());
      wake_up();
    });
  });
}

void Desk::log_order(const Order& order) {
  const Host* const host = book_.find_host(order.host);
  const bool bad = order.state == State::timeout || order.state == State::refused ||
                   order.state == State::expired;
  log_.event(bad ? log::Level::warn : log::Level::info, "order",
             {{"order", to_text(order.id)},
              {"host", host ? host->name : order.host},
              {"state", to_text(order.state)},
              {"why", order.why},
              {"issuer", order.issuer},
              {"reason", order.reason}});
}

void Desk::set_timer() {
  const Time at = now();
  std::optional<Time> next = book_.next_tick();
  if (const auto deadline = plans_.deadline()) next = std::min(next.value_or(*deadline), *deadline);
  if (failing_) {
    const Time retry = at + std::chrono::duration_cast<Time::duration>(keep_retry_pause);
    next = std::min(next.value_or(retry), retry);
  }
  if (!next) {
    timer_->cancel();
    return;
  }
  timer_->expires_after(std::max<Time::duration>(*next - at, std::chrono::milliseconds{1}));
  timer_->async_wait([this](std::error_code cancelled) {
    if (!cancelled) wake_up();
  });
}

Result<std::string> Desk::admit(const Arrival& arrival, bool& enrolled) {
  if (arrival.hello.machine == Id{})
    return Error{Errc::refused, "know an agent without a machine id", "give it --machine-id"};
  if (!arrival.hello.code.empty()) {
    if (arrival.exposed)
      return Error{Errc::refused, "enrol over a connection that others may read",
                   "connect by wss://"};
    Result<std::string> token =
        records_.enrol(identity::normal_code(arrival.hello.code),
                       {Right::agent, arrival.hello.host, arrival.hello.machine}, now());
    enrolled = static_cast<bool>(token);
    return token;
  }
  if (!arrival.token.empty() && !arrival.vouched) {
    const auto known = records_.find_credential(arrival.token);
    if (!known) return known.error();
    enrolled =
        *known && (*known)->right == Right::agent && (*known)->machine == arrival.hello.machine;
    if (!enrolled)
      return Error{Errc::refused, "accept the agent's token",
                   "it is not this machine's; enrol it again"};
    return std::string{};
  }
  const Result<bool> taken = records_.is_enrolled(arrival.hello.machine);
  if (!taken) return taken.error();
  if (*taken)
    return Error{Errc::refused, "accept an agent without its token",
                 "this machine is enrolled; enrol it again if its state was lost"};
  return std::string{};
}

void Desk::reject(const Arrival& arrival, const Error& why) {
  log_.warn(
      "refuse",
      {{"address", arrival.address}, {"host", arrival.hello.host}, {"reason", why.message()}});
  arrival.outlet->post(binary_message, encode(Rejection{why.message()}));
  arrival.outlet->close();
}

void Desk::agent_arrives(Arrival arrival) {
  if (closed_) return;
  // What it calls itself is shown to people in many places.
  std::string& name = arrival.hello.host;
  name = utf8_prefix(escape_for_display(name), host_name_size_max);
  if (name.empty()) name = arrival.address;
  const Result<bool> asks = needs_voucher(arrival);
  if (!asks) return reject(arrival, asks.error());
  if (*asks) return ask_for_agent(std::move(arrival));
  take_agent(std::move(arrival));
}

void Desk::take_agent(Arrival arrival) {
  bool enrolled = false;
  Result<std::string> token = admit(arrival, enrolled);
  if (!token) {
    reject(arrival, token.error());
    return;
  }
  Welcome welcome{.server = settings_.server_name, .token = std::move(*token)};
  welcome.heartbeat_ms = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_.heartbeat).count());
  arrival.outlet->post(binary_message, encode(welcome));
  outlets_[arrival.session] = arrival.outlet;
  log_.info("agent", {{"host", arrival.hello.host},
                      {"address", arrival.address},
                      {"machine", to_text(arrival.hello.machine)},
                      {"boot", to_text(arrival.hello.boot)},
                      {"enrolled", enrolled},
                      {"exec", arrival.hello.exec}});
  book_.agent_connected(arrival.session, arrival.address, arrival.hello, enrolled, now());
  wake_up();
}

void Desk::agent_reports(SessionId session, FromAgent message) {
  if (const auto* progress = std::get_if<Progress>(&message))
    book_.progress(session, *progress, now());
  else if (const auto* goodbye = std::get_if<Goodbye>(&message))
    book_.goodbye(session, *goodbye, now());
  wake_up();
}

void Desk::plain_arrives(SessionId session, std::string address,
                         std::shared_ptr<net::Outlet> outlet, std::function<void()> greet) {
  if (closed_) return;
  outlets_[session] = std::move(outlet);
  greetings_[session] = std::move(greet);
  book_.plain_connected(session, address, now());
  wake_up();
}

void Desk::session_ends(SessionId session, bool polite) {
  if (closed_) return;
  outlets_.erase(session);
  greetings_.erase(session);
  vouched_.erase(session);
  book_.disconnected(session, polite, now());
  wake_up();
}

}  // namespace netkit::shutdown
