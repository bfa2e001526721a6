// The parts of a peer put together, and its leave.
#include "commands/presence/member.hpp"

#include <asio/co_spawn.hpp>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "cli/globals.hpp"
#include "cli/prompt.hpp"
#include "commands/presence/porter.hpp"
#include "log/file_sink.hpp"
#include "net/spawn.hpp"
#include "transfer/path.hpp"
#include "wire/fields.hpp"

namespace netkit::presence {
namespace {

/// Connections that are in the middle of something may finish it.
constexpr std::chrono::seconds drain_limit{1};

log::LoggerOptions log_options(const cli::Context& context) {
  log::LoggerOptions options;
  // Who connects is of interest to a person only who asks for it; a file is there to be asked.
  const bool wanted = context.log_file != nullptr || context.log.level() < log::Level::info;
  options.level = wanted ? context.log.level() : std::max(context.log.level(), log::Level::warn);
  options.style.colour = cli::shows_colour(context) && context.log_file == nullptr;
  if (context.globals.log_format == cli::LogFormat::json) options.style.format = log::Format::json;
  return options;
}

log::Sink& choose_sink(const cli::Context& context, log::Sink* given, log::Sink& standard) {
  if (given) return *given;
  if (context.log_file) return *context.log_file;
  return standard;
}

Status check(const MemberOptions& options) {
  if (options.listen && options.listen->scheme_or(net::Scheme::tls) != net::Scheme::tls)
    return Error{Errc::usage, "take messages at " + net::to_text(*options.listen), "use tls://"};
  if (options.tags.size() > tags_max)
    return Error{Errc::usage, "use so many tags", std::to_string(tags_max) + " are the most"};
  for (const std::string& tag : options.tags)
    if (tag.empty() || tag.size() > tag_size_max || !wire::is_plain_name(tag))
      return Error{Errc::usage, "use the tag '" + escape_for_display(tag) + "'",
                   "1 to " + std::to_string(tag_size_max) + " bytes that can be shown"};
  return ok;
}

}  // namespace

void declare_member(cli::Options& options, MemberOptions& member) {
  options.value("name", member.name, "NAME", "What to be called (default: USER@HOST)");
  options.value("listen", member.listen, "ENDPOINT",
                "Where to take messages of peers (default: any free port, on all addresses)");
  options.values("tag", member.tags, "TAG", "What others read beside the name; again for more");
  options
      .value("files", member.files, "DIR",
             "Take files of peers into that folder, none over another; without it they are refused")
      .completes(cli::Complete::directory);
  options.flag("away", member.away, "Say from the start that nobody is at the keys");
  declare_peer(options, member.peer);
}

Member::Member(const cli::Context& context, Plan plan)
    : context_{context},
      plan_{std::move(plan)},
      log_{std::string{context.command.name}, choose_sink(context, plan_.sink, to_stderr_),
           log_options(context)} {}

Status Member::run(const cli::Context& context, Plan plan,
                   const std::function<std::unique_ptr<Face>()>& face) {
  if (Status fits = check(plan.options); !fits) return fits;
  Member member{context, std::move(plan)};
  member.make_face_ = face;
  if (Status opened = member.open(); !opened) return opened;
  return member.serve();
}

/// Name, key, port: what can fail before anybody hears of us.
Status Member::open() {
  const Result<std::string> name = own_name(context_.environment, plan_.options.name);
  if (!name) return name.error();
  const Result<std::string> state = peer_state(context_, plan_.options.peer);
  if (!state) return state.error();
  known_.emplace(*state);
  Result<PeerKeys> keys = PeerKeys::open(*state, *name);
  if (!keys) return keys.error();
  keys_.emplace(std::move(*keys));
  const Result<std::uint64_t> instance = keys_->begin_run();
  if (!instance) return instance.error();
  if (plan_.options.files) {
    Result<transfer::Root> files = transfer::Root::open(*plan_.options.files);
    if (!files) return files.error();
    files_.emplace(std::move(*files));
    helpers_.emplace(1U);
  }
  Result<TalkPort> port = open_talk_port(*state, plan_.options.listen.value_or(net::Endpoint{}));
  if (!port) return port.error();

  Announcement self;
  self.name = *name;
  self.away = plan_.options.away;
  self.tags = plan_.options.tags;
  self.instance = *instance;
  self.tcp_port = port->port();
  self.certificate = port->certificate;
  words_.emplace(keys_->key().pair(), std::move(self));
  open_talk(*port);
  return ok;
}

void Member::open_talk(TalkPort& port) {
  TalkServer::Plan talk;
  talk.pair = &keys_->key().pair();
  talk.tls = port.tls;
  talk.certificate = port.certificate;
  talk.own = [this] { return words_->next(); };
  talk.meet = [this](const Announcement& peer) { return meet(peer); };
  talk.deliver = [this](const Announcement& from, const Say& say) { return hear(from, say); };
  if (files_) {
    talk.folder = &*files_;
    talk.helpers = &*helpers_;
    talk.came = [this](const Announcement& from, const std::string& file, std::uint64_t size) {
      hear_file(from, file, size);
    };
  }
  talk_.emplace(std::move(talk));
  endpoint_ = net::to_text(port.listening.endpoint);
  listening_ = std::move(port.listening);
}

Status Member::serve() {
  net::ServerOptions options;
  options.drain_limit = drain_limit;
  net::Service service = talk_->service();
  service.on_drain = [this] { begin_leaving(); };
  service.on_reload = [this] {
    if (!context_.log_file) return;
    if (Status done = context_.log_file->reopen(); !done)
      context_.log.error("reload", {{"error", done.error().message()}});
  };
  server_.emplace(log_, options, std::move(service));
  server_->add(std::move(*listening_));
  asio::io_context& io = server_->main_context();
  appearance_.emplace(context_, log_, io, *words_, plan_.options.peer);
  outbox_ = std::make_shared<Outbox>(io, context_.log, *words_, *known_,
                                     plan_.options.peer.client.answer_limit);
  face_ = make_face_();
  const Status served = server_->run([this] { begin(); });
  helpers_.reset();
  appearance_->finish();
  face_.reset();
  outbox_.reset();
  appearance_.reset();
  server_.reset();
  return served ? outcome_ : served;
}

void Member::begin() {
  context_.log.info("listen", {{"endpoint", endpoint_}, {"name", words_->name()}});
  circle().on_change = [this](const Entry& now, std::optional<State> before) {
    if (now.said.key != words_->key()) face_->changed(now, before);
  };
  circle().on_source = [this](const Circle::Source& source) { face_->source(source); };
  appearance_->begin([this](const Status& ended) { end(ended); });
  asio::co_spawn(server_->main_context(), face_->run(*this),
                 [this](std::exception_ptr thrown, const Status& ended) {
                   if (thrown) std::rethrow_exception(thrown);
                   // What fails because of the leave is no failure.
                   end(leaving_ ? Status{ok} : ended);
                 });
}

void Member::end(const Status& outcome) {
  ended_ = true;
  if (!outcome && outcome_) outcome_ = outcome;
  server_->drain();
}

void Member::set_away(bool away) {
  if (words_->is_away() == away) return;
  words_->set_away(away);
  appearance_->renew();
}

void Member::begin_leaving() {
  if (std::exchange(leaving_, true)) return;
  if (!ended_) outcome_ = face_->interrupted();
  appearance_->leave();
}

/// "ana (2)" where others are called ana as well, so that each is known by a name of its own.
std::string Member::name_of(const Announcement& peer) const {
  const Entry* const entry = circle().find(peer.key);
  return entry ? shown_name(*entry) : peer.name;
}

Status Member::meet(const Announcement& peer) {
  const Status trusted = trust(*known_, context_.log, log::Level::info, name_of(peer), peer.key);
  if (trusted) return ok;
  context_.log.warn("stranger", {{"name", name_of(peer)}, {"error", trusted.error().message()}});
  return Error{Errc::refused, "take messages of " + peer.name, "it has another key than before"};
}

Status Member::hear(const Announcement& from, const Say& say) {
  Heard heard;
  heard.name = name_of(from);
  heard.key = from.key;
  heard.time_ms = say.time_ms;
  heard.text = say.text;
  return face_->heard(heard);
}

void Member::hear_file(const Announcement& from, const std::string& file, std::uint64_t size) {
  HeardFile heard;
  heard.name = name_of(from);
  heard.key = from.key;
  heard.file = file;
  heard.path = transfer::join_path(*plan_.options.files, file);
  heard.size = size;
  face_->arrived(heard);
}

}  // namespace netkit::presence
