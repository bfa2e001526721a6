// Hooks are run by path, never through a shell; who may have written them is checked first.
#include "commands/shutdown/hooks.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "commands/shutdown/host_facts.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::size_t hooks_max = 1000;
constexpr std::size_t output_size_max = 4096;
constexpr std::size_t inhibitors_size_max = 256 * 1024;
constexpr std::chrono::seconds inhibitor_limit{2};

/// Whoever can change a hook runs it with our rights.
Status check_owner(const std::string& path, const struct stat& info) {
  const std::string attempt = "trust " + escape_for_display(path);
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return Error{Errc::refused, attempt, "it belongs to another user"};
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{Errc::refused, attempt,
                 "others can write to it; try: chmod go-w " + escape_for_display(path)};
  return ok;
}

bool is_hook_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.back() != '~';
}

/// "shutdown:sleep", and nothing that systemd does not know.
bool is_what(std::string_view word) {
  constexpr std::string_view known[] = {"shutdown",
                                        "sleep",
                                        "idle",
                                        "handle-power-key",
                                        "handle-suspend-key",
                                        "handle-hibernate-key",
                                        "handle-lid-switch",
                                        "handle-reboot-key"};
  for (const std::string_view part : split(word, ':'))
    if (std::find(std::begin(known), std::end(known), part) == std::end(known)) return false;
  return true;
}

bool is_number(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(),
                                      [](char each) { return each >= '0' && each <= '9'; });
}

using Words = std::vector<std::string_view>;

std::string joined(const Words& words, std::size_t begin, std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i)
    text.append(text.empty() ? "" : " ").append(words[i]);
  return text;
}

/// WHO UID USER PID COMM WHAT WHY MODE; WHO, COMM and WHY may have spaces.
std::string inhibitor_in(std::string_view line) {
  Words words;
  for (const std::string_view word : split(line, ' '))
    if (!word.empty()) words.push_back(word);
  if (words.size() < 7 || words.back() != "block") return {};
  std::size_t uid = 1;
  while (uid + 4 < words.size() && !(is_number(words[uid]) && is_number(words[uid + 2])))
    ++uid;
  std::size_t what = uid + 4;
  while (what < words.size() && !is_what(words[what]))
    ++what;
  if (what >= words.size()) return {};
  const auto parts = split(words[what], ':');
  if (std::find(parts.begin(), parts.end(), "shutdown") == parts.end()) return {};
  const std::string why = joined(words, what + 1, words.size() - 1);
  return joined(words, 0, uid) + " inhibits it" + (why.empty() ? "" : ": " + why);
}

}  // namespace

Result<std::vector<std::string>> find_hooks(const std::string& folder) {
  const FileDescriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened && errno == ENOENT) return std::vector<std::string>{};
  const std::string attempt = "read the hooks in " + escape_for_display(folder);
  struct stat info {};
  if (!opened || ::fstat(opened.get(), &info) != 0) return errno_error(attempt);
  if (Status trusted = check_owner(folder, info); !trusted) return trusted.error();
  const Folder listed{::fdopendir(::dup(opened.get()))};
  if (!listed) return errno_error(attempt);

  std::vector<std::string> hooks;
  while (const dirent* each = ::readdir(listed.get())) {
    if (!is_hook_name(each->d_name)) continue;
    const std::string path = folder + "/" + each->d_name;
    // One that cannot be looked at may be the one that would have refused.
    if (::stat(path.c_str(), &info) != 0) return errno_error("read " + escape_for_display(path));
    if (!S_ISREG(info.st_mode) || (info.st_mode & 0111) == 0) continue;
    if (Status trusted = check_owner(path, info); !trusted) return trusted.error();
    hooks.push_back(path);
    if (hooks.size() > hooks_max) return Error{Errc::too_large, attempt};
  }
  std::sort(hooks.begin(), hooks.end());
  return hooks;
}

asio::awaitable<std::string> HookRun::run(std::string folder, std::vector<std::string> environment,
                                          std::chrono::nanoseconds limit) {
  const Result<std::vector<std::string>> hooks = find_hooks(folder);
  if (!hooks) co_return hooks.error().message();
  for (const std::string& hook : *hooks) {
    std::string why = co_await run_one(hook, environment, limit);
    if (!why.empty()) co_return why;
  }
  co_return std::string{};
}

asio::awaitable<std::string> HookRun::run_one(std::string hook,
                                              std::vector<std::string> environment,
                                              std::chrono::nanoseconds limit) {
  if (stopped_) co_return "stopped";
  const net::Launch launch{.arguments = {hook},
                           .environment = std::move(environment),
                           .claim = {},
                           .output_size_max = output_size_max};
  Result<net::Process> process = net::Process::start(co_await asio::this_coro::executor, launch);
  if (!process) co_return process.error().message();
  running_ = &*process;
  Status begun = co_await process->begun();
  net::ProcessEnd end;
  if (begun) end = co_await process->ended(limit);
  running_ = nullptr;
  if (!begun) co_return begun.error().message();
  if (end.succeeded()) co_return std::string{};
  const std::string said = last_words(end.output);
  co_return escape_for_display(hook) + " " + to_text(end) + (said.empty() ? "" : ": " + said);
}

void HookRun::stop() {
  stopped_ = true;
  if (running_) running_->kill();
}

asio::awaitable<std::string> find_inhibitor(std::string path,
                                            std::vector<std::string> environment) {
  const std::string program =
      systemd_runs() ? net::find_program("systemd-inhibit", path) : std::string{};
  if (program.empty()) co_return std::string{};
  net::Launch launch{.arguments = {program, "--list", "--no-legend", "--no-pager"},
                     .environment = std::move(environment),
                     .claim = {},
                     .output_size_max = inhibitors_size_max};
  // Later entries win neither in the C library nor in a shell, so ours stand first.
  const std::string ours[] = {"LC_ALL=C", "SYSTEMD_COLORS=0", "COLUMNS=4096"};
  launch.environment.insert(launch.environment.begin(), std::begin(ours), std::end(ours));
  const Result<net::ProcessEnd> end = co_await net::run_process(launch, inhibitor_limit);
  if (!end || !end->succeeded()) co_return std::string{};
  co_return parse_inhibitors(end->output);
}

std::string parse_inhibitors(std::string_view list) {
  for (const std::string_view line : split(list, '\n'))
    if (const std::string found = inhibitor_in(trim(line)); !found.empty())
      return last_words(found);
  return {};
}

std::string last_words(std::string_view output, std::size_t size_max) {
  return escape_for_display(utf8_suffix(trim(output), size_max));
}

}  // namespace netkit::shutdown
