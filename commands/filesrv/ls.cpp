// `netkit filesrv ls`, and the verbs that ask one question: time and info.
#include <algorithm>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/globals.hpp"
#include "commands/filesrv/client.hpp"
#include "commands/filesrv/complete.hpp"
#include "commands/filesrv/filesrv.hpp"
#include "commands/filesrv/human.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

using transfer::Kind;

std::string_view word_of(Kind kind) {
  switch (kind) {
    case Kind::file: return "file";
    case Kind::folder: return "folder";
    case Kind::link: return "link";
    case Kind::other: break;
  }
  return "other";
}

class LsAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  asio::awaitable<Status> list(cli::Context& context, FilesClient& client) const;
  Status print(cli::Context& context, const std::vector<transfer::Entry>& entries, bool wide) const;

  FilesOptions files_;
  bool long_ = false;
  bool recursive_ = false;
};

void LsAction::declare(cli::Options& options) {
  declare_files(options, files_, "PATH",
                "What to list: a folder, a file, a pattern (default: all that is served)")
      .completes(remote_names);
  options.flag("long", long_, "Sizes and times, too; as on a terminal").with_letter('l');
  options.flag("recursive", recursive_, "What is in folders, too").with_letter('r');
  declare_connection(options, files_);
}

Status LsAction::run(cli::Context& context) {
  if (Status taken = take_endpoint(files_, 0, "list files"); !taken) return taken;
  return with_files(context, files_, [&](FilesClient& client) { return list(context, client); });
}

asio::awaitable<Status> LsAction::list(cli::Context& context, FilesClient& client) const {
  std::vector<std::string> paths = files_.words;
  if (paths.empty()) paths.emplace_back();
  const bool wide = long_ || isatty(STDOUT_FILENO) == 1;
  Status outcome = ok;
  for (const std::string& text : paths) {
    Result<std::string> path = transfer::path_of_text(text);
    if (!path) co_return path.error();
    std::string request;
    append(request, client.new_stream(), transfer::List{recursive_, std::move(*path)});
    std::vector<transfer::Entry> entries;
    const auto hear = [&](const transfer::Answer& answer) -> Status {
      if (const auto* const entry = std::get_if<transfer::Entry>(&answer))
        entries.push_back(*entry);
      else if (const auto* const failed = std::get_if<transfer::Failed>(&answer))
        outcome = told_of(failed->path, "list", error_of_json(failed->json));
      return ok;
    };
    Status asked = co_await ask(client, request, hear);
    if (!asked) co_return told_of(text, "list", asked.error());
    std::sort(entries.begin(), entries.end(),
              [](const auto& left, const auto& right) { return left.path < right.path; });
    if (Status printed = print(context, entries, wide); !printed) co_return printed;
  }
  co_return outcome;
}

Status LsAction::print(cli::Context& context, const std::vector<transfer::Entry>& entries,
                       bool wide) const {
  for (const transfer::Entry& each : entries) {
    const std::string name = escape_for_display(
        each.below_base().empty() ? std::string_view{each.path} : each.below_base());
    const auto when = std::chrono::system_clock::time_point{
        std::chrono::duration_cast<std::chrono::system_clock::duration>(
            std::chrono::nanoseconds{each.facts.mtime_ns})};
    Status printed = ok;
    if (context.out.json())
      printed = context.out.object(JsonObject{}
                                       .add("name", name)
                                       .add("path", escape_for_display(each.path))
                                       .add("kind", word_of(each.facts.kind))
                                       .add("size", each.facts.size)
                                       .add("mtime", to_rfc3339(when))
                                       .add("mode", mode_text(each.facts)));
    else if (wide)
      printed = context.out.line(listing_line(each.facts, name));
    else
      printed = context.out.line(each.facts.kind == Kind::folder ? name + "/" : name);
    if (!printed) return printed;
  }
  return ok;
}

class AskAction : public cli::Action {
 public:
  explicit AskAction(transfer::Question what) : what_{what} {}

  void declare(cli::Options& options) override {
    cli::declare_client(options, files_.client);
    cli::declare_token(options, files_.client);
  }

  Status run(cli::Context& context) override {
    return with_files(context, files_, [&](FilesClient& client) -> asio::awaitable<Status> {
      return put_question(context, client);
    });
  }

 private:
  asio::awaitable<Status> put_question(cli::Context& context, FilesClient& client) const {
    std::string request;
    append(request, client.new_stream(), transfer::Ask{what_});
    const auto hear = [&](const transfer::Answer& answer) -> Status {
      const auto* const text = std::get_if<transfer::Text>(&answer);
      if (!text) return Error{Errc::unexpected, "understand the server"};
      return print(context, text->text);
    };
    co_return co_await ask(client, request, hear);
  }

  /// "KEY VALUE" a line; under --json one object.
  Status print(cli::Context& context, const std::string& text) const {
    if (what_ == transfer::Question::time)
      return context.out.json() ? context.out.object(JsonObject{}.add("time", text))
                                : context.out.line(escape_for_display(text));
    JsonObject object;
    for (const std::string_view line : split(trim(text), '\n')) {
      const std::size_t space = line.find(' ');
      if (!context.out.json()) {
        if (Status printed = context.out.line(escape_for_display(line)); !printed) return printed;
      } else if (space != std::string_view::npos) {
        object.add(escape_for_display(line.substr(0, space)), line.substr(space + 1));
      }
    }
    return context.out.json() ? context.out.object(object) : Status{ok};
  }

  const transfer::Question what_;
  FilesOptions files_;
};

}  // namespace

std::unique_ptr<cli::Action> make_ls() {
  return std::make_unique<LsAction>();
}

std::unique_ptr<cli::Action> make_time() {
  return std::make_unique<AskAction>(transfer::Question::time);
}

std::unique_ptr<cli::Action> make_info() {
  return std::make_unique<AskAction>(transfer::Question::info);
}

}  // namespace netkit::filesrv
