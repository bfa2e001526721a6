// The epoll loop of the fan-out load: letting clients in, saying, checking. See fan_load.hpp.
#include "fan_load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

namespace netkit::bench {
namespace {

constexpr std::size_t opening_max = 8;  // Below the accept queue of any peer, ncat's 10 included.
constexpr std::size_t idle_opening_max = 64;
constexpr int silence_limit_ms = 10'000;
constexpr int opening_limit_ms = 60'000;  // ngircd lets 1,000 in within some 20 s.
constexpr int trial_pause_ms = 50;
constexpr std::size_t scratch_size = 512 * 1024;
constexpr std::uint32_t trial_sender = 0xFFFF;
// '@', the sender and the number in letters of four bits each, then letters up to the size.
constexpr std::size_t sender_letters = 4;
constexpr std::size_t number_letters = 8;
constexpr std::size_t head_size = 1 + sender_letters + number_letters;

std::int64_t clock_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

[[noreturn]] void give_up_errno(const std::string& attempt, int error) {
  give_up("cannot " + attempt + ": " + std::strerror(error));
}

void put_letters(char* at, std::uint32_t value, std::size_t count) {
  while (count-- > 0)
    *at++ = static_cast<char>('a' + (value >> 4 * count & 15));
}

std::uint32_t read_letters(const char* at, std::size_t count) {
  std::uint32_t value = 0;
  while (count-- > 0)
    value = value << 4 | static_cast<std::uint32_t>(*at++ - 'a');
  return value;
}

}  // namespace

void give_up(const std::string& message) {
  std::fprintf(stderr, "fan: %s\n", message.c_str());
  std::exit(1);
}

struct FanLoad::Client {
  Part part;
  int fd = -1;
  bool connected = false;
  bool in = false;
  bool wants_writable = false;
  std::string unread;  // The part of a message that has come.
  std::string unsent;
  std::size_t sent = 0;                 // Of `unsent`.
  std::uint64_t number = 0;             // Of its texts, trials included, as dialects count.
  std::uint32_t said = 0;               // Of its texts in runs.
  std::uint32_t trial = 0;              // The last one heard.
  std::vector<std::uint32_t> expected;  // The next text of each sender.
};

// What the dialect cuts out of the bytes of one client.
struct FanLoad::Hearing : Heard {
  Hearing(FanLoad& load, Client& client) : load_{load}, client_{client} {}

  void text(std::string_view text) override {
    if (!load_.discarding_) load_.heard(client_, text);
  }
  void let_in() override {
    if (client_.in) return;
    client_.in = true;
    ++load_.open_;
  }
  void answer(std::string_view bytes) override { client_.unsent.append(bytes); }

  FanLoad& load_;
  Client& client_;
};

FanLoad::FanLoad(const FanPlan& plan, const FanDialect& dialect)
    : plan_{plan},
      dialect_{dialect},
      clients_(plan.senders + (plan.all_hear ? 0 : plan.receivers)),
      under_way_(plan.senders * plan.window),
      scratch_(scratch_size),
      text_(plan.text_size, 'x'),
      epoll_{epoll_create1(EPOLL_CLOEXEC)},
      timer_{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)} {
  if (epoll_ < 0 || timer_ < 0) give_up_errno("open epoll and a timer", errno);
  text_[0] = '@';
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
}

FanLoad::~FanLoad() {
  for (const Client& client : clients_) {
    // A reset leaves no socket in TIME_WAIT: thousands of them would burden the next measurement.
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client.fd);
  }
  close(timer_);
  close(epoll_);
}

void FanLoad::open(bool idle) {
  discarding_ = idle;
  const std::size_t limit = idle ? idle_opening_max : opening_max;
  const std::int64_t deadline = clock_ns() + opening_limit_ms * 1'000'000LL * (idle ? 3 : 1);
  for (std::size_t begun = 0; open_ < clients_.size();) {
    while (begun < clients_.size() && begun - open_ < limit) {
      begin(clients_[begun], begun);
      ++begun;
    }
    turn(silence_limit_ms);
    if (clock_ns() > deadline)
      give_up("only " + std::to_string(open_) + " clients were let in within the limit");
  }
  if (idle) return;
  const std::int64_t begin_ns = clock_ns();
  std::int64_t pause_ns = trial_pause_ms * 1'000'000LL;
  while (!all_heard_trial()) {
    if (clock_ns() - begin_ns > silence_limit_ms * 1'000'000LL)
      give_up("a trial text does not reach everybody");
    say_trial();
    const std::int64_t until = clock_ns() + pause_ns;
    pause_ns *= 2;
    while (!all_heard_trial() && clock_ns() < until)
      turn(trial_pause_ms);
  }
}

void FanLoad::begin(Client& client, std::size_t index) {
  client.part = {
      .index = index,
      .sends = index < plan_.senders,
      .hears = plan_.all_hear || index >= plan_.senders || dialect_.own_text() == OwnText::always};
  if (client.part.hears || dialect_.own_text() == OwnText::never)
    client.expected.resize(plan_.senders);
  client.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (client.fd < 0) give_up_errno("open a socket", errno);
  const int on = 1;
  setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (plan_.sources > 1) {
    setsockopt(client.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<in_addr_t>(index % plan_.sources));
    if (bind(client.fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0)
      give_up_errno("bind to a loopback address", errno);
  }
  const sockaddr_in& address = client.part.sends ? plan_.near : plan_.far;
  if (connect(client.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS)
    give_up_errno("connect", errno);
  client.unsent = dialect_.opening(client.part);
  client.wants_writable = true;
  watch(client, EPOLL_CTL_ADD);
}

void FanLoad::watch(const Client& client, int operation) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = const_cast<Client*>(&client)}};
  if (client.wants_writable) event.events |= EPOLLOUT;
  if (epoll_ctl(epoll_, operation, client.fd, &event) != 0) give_up_errno("watch a socket", errno);
}

void FanLoad::handle(Client& client, std::uint32_t events) {
  if (!client.connected) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) give_up_errno("connect", error);
    client.connected = true;
    if (!dialect_.tells_when_in()) Hearing{*this, client}.let_in();
  }
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read(client);
  flush(client);
}

void FanLoad::read(Client& client) {
  const std::size_t kept = client.unread.size();
  if (kept > scratch_size / 2) give_up("a message has no end");
  std::memcpy(scratch_.data(), client.unread.data(), kept);
  const ssize_t size = recv(client.fd, scratch_.data() + kept, scratch_size - kept, 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) give_up_errno("receive", errno);
  if (size == 0)
    give_up("the server closed a connection" +
            (kept ? ", after: " + client.unread.substr(0, 200) : std::string{}));
  const std::string_view unread{scratch_.data(), kept + static_cast<std::size_t>(size)};
  Hearing hearing{*this, client};
  client.unread = unread.substr(dialect_.take(unread, hearing));
}

void FanLoad::flush(Client& client) {
  if (client.sent < client.unsent.size()) {
    const ssize_t sent = send(client.fd, client.unsent.data() + client.sent,
                              client.unsent.size() - client.sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) give_up_errno("send", errno);
    if (sent > 0) client.sent += static_cast<std::size_t>(sent);
  }
  const bool wants_writable = client.sent < client.unsent.size();
  if (!wants_writable) {
    client.unsent.clear();
    client.sent = 0;
  }
  if (wants_writable == client.wants_writable) return;
  client.wants_writable = wants_writable;
  watch(client, EPOLL_CTL_MOD);
}

std::size_t FanLoad::hearers(const Client& sender) const {
  const std::size_t others = clients_.size() - (plan_.all_hear ? 1 : plan_.senders);
  const OwnText own = dialect_.own_text();
  if (own == OwnText::never) return others + (plan_.all_hear ? 0 : plan_.senders - 1);
  if (own == OwnText::if_it_hears) return others + (plan_.all_hear && sender.part.hears ? 1 : 0);
  return clients_.size();
}

void FanLoad::say(Client& client, std::int64_t due_ns) {
  put_letters(text_.data() + 1, static_cast<std::uint32_t>(client.part.index), sender_letters);
  put_letters(text_.data() + 1 + sender_letters, client.said, number_letters);
  under_way_[client.part.index * plan_.window + client.said % plan_.window] = {
      static_cast<std::uint32_t>(hearers(client)), due_ns};
  dialect_.append(client.unsent, ++client.number, text_);
  ++client.said;
  ++outstanding_;
  ++done_.texts;
}

void FanLoad::heard(Client& client, std::string_view text) {
  const std::uint32_t sender = read_letters(text.data() + 1, sender_letters);
  const std::uint32_t number = read_letters(text.data() + 1 + sender_letters, number_letters);
  if (sender == trial_sender) {
    client.trial = number;
    return;
  }
  if (sender >= client.expected.size()) give_up("a text of nobody: " + std::string{text});
  std::uint32_t& expected = client.expected[sender];
  if (number != expected)
    give_up("client " + std::to_string(client.part.index) + " heard text " +
            std::to_string(number) + " of sender " + std::to_string(sender) + " instead of " +
            std::to_string(expected));
  if (text.substr(head_size) != std::string_view{text_}.substr(head_size))
    give_up("a text differs from what was said");
  ++expected;
  UnderWay& under_way = under_way_[sender * plan_.window + number % plan_.window];
  ++done_.deliveries;
  done_.latencies.add(now_ns_ - under_way.due_ns);
  if (--under_way.left == 0) --outstanding_;
}

void FanLoad::say_trial() {
  put_letters(text_.data() + 1, trial_sender, sender_letters);
  put_letters(text_.data() + 1 + sender_letters, ++trial_, number_letters);
  dialect_.append(clients_[0].unsent, ++clients_[0].number, text_);
  flush(clients_[0]);
}

// The client that says it hears it in some dialects only, so it is not asked.
bool FanLoad::all_heard_trial() const {
  return trial_ > 0 && std::all_of(clients_.begin() + 1, clients_.end(), [&](const Client& client) {
           return client.trial > 0 || (client.part.sends && !client.part.hears);
         });
}

// The senders take turns. One whose first text has not come back whole keeps the others company:
// its ring has room for the whole window.
void FanLoad::say_what_fits() {
  const std::size_t first = next_sender_;
  const std::size_t room = window_ - outstanding_;
  for (std::size_t i = 0; i < room; ++i) {
    say(clients_[next_sender_], now_ns_);
    if (++next_sender_ == plan_.senders) next_sender_ = 0;
  }
  for (std::size_t i = 0; i < std::min(room, plan_.senders); ++i)
    flush(clients_[(first + i) % plan_.senders]);
}

void FanLoad::say_what_is_due() {
  const auto interval = static_cast<std::int64_t>(1e9 / plan_.rate);
  while (next_due_ns_ <= now_ns_ && next_due_ns_ < deadline_ns_) {
    if (outstanding_ == window_) give_up("the server falls behind this rate");
    say(clients_[next_sender_], next_due_ns_);
    flush(clients_[next_sender_]);
    if (++next_sender_ == plan_.senders) next_sender_ = 0;
    next_due_ns_ += interval;
  }
  itimerspec next{};
  next.it_value.tv_sec = next_due_ns_ / 1'000'000'000;
  next.it_value.tv_nsec = next_due_ns_ % 1'000'000'000;
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &next, nullptr);
}

// Waits for events and handles them.
void FanLoad::turn(int limit_ms) {
  std::array<epoll_event, 512> events{};
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), limit_ms);
  if (count < 0 && errno != EINTR) give_up_errno("wait", errno);
  if (count == 0 && limit_ms == silence_limit_ms)
    give_up("silence of 10 s, " + std::to_string(open_) + " clients are in, " +
            std::to_string(outstanding_) + " texts under way");
  now_ns_ = clock_ns();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    std::uint64_t ticks = 0;
    if (event.data.ptr)
      handle(*static_cast<Client*>(event.data.ptr), event.events);
    else if (::read(timer_, &ticks, sizeof ticks) < 0 && errno != EAGAIN)
      give_up_errno("read a timer", errno);
  }
}

FanMeasurement FanLoad::run(double seconds, std::size_t window) {
  window_ = std::min(window, plan_.window);
  done_ = {};
  discarding_ = false;
  const std::int64_t start = now_ns_ = clock_ns();
  deadline_ns_ = start + static_cast<std::int64_t>(seconds * 1e9);
  next_due_ns_ = start;
  for (;;) {
    if (now_ns_ < deadline_ns_) {
      if (plan_.rate > 0)
        say_what_is_due();
      else if (outstanding_ < window_)
        say_what_fits();
    } else if (outstanding_ == 0) {
      break;
    }
    turn(silence_limit_ms);
  }
  done_.seconds = static_cast<double>(clock_ns() - start) / 1e9;
  return done_;
}

void FanLoad::hold() {
  discarding_ = true;
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
    give_up_errno("watch stdin", errno);
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) give_up_errno("wait", errno);
    for (int i = 0; i < count; ++i) {
      const epoll_event& each = events[static_cast<std::size_t>(i)];
      if (!each.data.ptr) {
        epoll_ctl(epoll_, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
        return;
      }
      handle(*static_cast<Client*>(each.data.ptr), each.events);
    }
  }
}

}  // namespace netkit::bench
