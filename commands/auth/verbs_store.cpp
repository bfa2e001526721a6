// import, export and backup: accounts in and out of a running server.
#include <algorithm>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/paths.hpp"
#include "commands/auth/requests.hpp"
#include "commands/auth/verbs.hpp"

namespace netkit::auth {
namespace {

constexpr std::size_t import_size_max = 256 * 1024 * 1024;
/// Of one request, so that its frame fits whatever --max-message is set to.
constexpr std::size_t request_size_max = 32 * 1024;

class ImportAction final : public AskAction {
 public:
  ImportAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override {
    options
        .positionals("FILE", words_,
                     "Lines USER:HASH, as htpasswd and shadow have them; - is stdin")
        .completes(cli::Complete::file);
  }

  Status prepare(cli::Context&) override {
    if (Status split = take_endpoint(words_, 1, false, auth_); !split) return split;
    const std::string path = words_.front() == "-" ? "/dev/stdin" : words_.front();
    Result<std::string> text = read_file(path, import_size_max);
    if (!text) return text.error();
    text_ = identity::Secret{std::move(*text)};
    return ok;
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    std::string_view rest = text_.view();
    std::size_t first = 1;
    std::int64_t added = 0;
    std::size_t skipped = 0;
    while (!rest.empty()) {
      std::size_t count = 0;
      JsonObject request;
      request.add_raw("lines", take_lines(rest, count));
      const Result<wire::Json> answer = co_await client.ask("import", std::move(request));
      if (!answer) co_return answer.error();
      added += answer->integer("added").value_or(0);
      for (const wire::Json& each : answer->items("skipped")) {
        const auto line = static_cast<std::size_t>(each.integer("line").value_or(0)) + first - 1;
        context.terminal.say("line " + std::to_string(line) +
                             " skipped: " + cli::field_text(each.find("why")) + "\n");
        ++skipped;
      }
      first += count;
    }
    if (context.out.json())
      co_return context.out.object(JsonObject{}.add("added", added).add("skipped", skipped));
    co_return context.out.line(std::to_string(added));
  }

  static std::string take_lines(std::string_view& rest, std::size_t& count) {
    std::string lines = "[";
    while (!rest.empty() && count < lines_per_import_max && lines.size() < request_size_max) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (count++ > 0) lines += ',';
      // One that is too long to be any is told as such by the server.
      append_json_string(lines, line.substr(0, 2048));
    }
    return lines + "]";
  }

  std::vector<std::string> words_;
  identity::Secret text_;
};

class ExportAction final : public AskAction {
 public:
  ExportAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override { declare_endpoint(options); }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    std::string after;
    for (;;) {
      JsonObject request;
      request.add("after", after);
      const Result<wire::Json> answer = co_await client.ask("export", std::move(request));
      if (!answer) co_return answer.error();
      for (const wire::Json& each : answer->items("lines")) {
        const std::string_view line = each.string().value_or("");
        after = line.substr(0, line.find(':'));
        const std::string_view hash = line.substr(std::min(line.size(), after.size() + 1));
        Status shown = context.out.json()
                           ? context.out.object(JsonObject{}.add("user", after).add("hash", hash))
                           : context.out.line(line);
        if (!shown) co_return shown;
      }
      if (answer->boolean("more") != true || after.empty()) co_return ok;
    }
  }
};

class BackupAction final : public AskAction {
 public:
  BackupAction() : AskAction{Shows::administrator} {}

 private:
  void declare_own(cli::Options& options) override {
    options.positionals("PATH", words_, "The new file; never one that exists")
        .completes(cli::Complete::file);
  }

  Status prepare(cli::Context& context) override {
    if (Status split = take_endpoint(words_, 1, false, auth_); !split) return split;
    if (auth_.client.endpoint || auth_.state) return ok;
    auth_.state = cli::state_directory(context.environment, "auth", geteuid() == 0);
    return ok;
  }

  asio::awaitable<Status> talk(cli::Context& context, AuthClient& client) override {
    const std::string path = cli::absolute_path(words_.front());
    JsonObject request;
    request.add("path", path);
    const Result<wire::Json> answer = co_await client.ask("backup", std::move(request));
    if (!answer) co_return answer.error();
    if (context.out.json()) co_return context.out.object(JsonObject{}.add("path", path));
    co_return ok;
  }

  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<cli::Action> make_import() {
  return std::make_unique<ImportAction>();
}
std::unique_ptr<cli::Action> make_export() {
  return std::make_unique<ExportAction>();
}
std::unique_ptr<cli::Action> make_backup() {
  return std::make_unique<BackupAction>();
}

}  // namespace netkit::auth
