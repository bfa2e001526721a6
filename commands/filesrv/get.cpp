// `netkit filesrv get`: options, and where what is fetched goes.
#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "commands/filesrv/client.hpp"
#include "commands/filesrv/complete.hpp"
#include "commands/filesrv/fetch.hpp"
#include "commands/filesrv/filesrv.hpp"
#include "transfer/glob.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

bool is_folder(const std::string& path) {
  struct stat there;
  return stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode);
}

/// Neither a file nor a folder: bytes go into it as they go to stdout.
bool is_device_or_pipe(const std::string& path) {
  struct stat there;
  return stat(path.c_str(), &there) == 0 && !S_ISDIR(there.st_mode) && !S_ISREG(there.st_mode);
}

Status redirect_stdout(const std::string& path) {
  const FileDescriptor opened{::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY)};
  if (!opened || dup2(opened.get(), STDOUT_FILENO) < 0) return errno_error("open " + path);
  return ok;
}

class GetAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  Result<FetchWish> wish() const;
  Status place(FetchWish& wish) const;

  FilesOptions files_;
  std::optional<std::string> output_;
  bool recursive_ = false;
  bool resume_ = false;
  bool checksum_ = false;
  bool follow_ = false;
  bool no_check_ = false;
};

void GetAction::declare(cli::Options& options) {
  declare_files(options, files_, "PATH",
                "Files, patterns, or folders with -r; a single word is one, and no endpoint")
      .completes(remote_names);
  options
      .value("output", output_, "FILE|DIR|-",
             "Where to: a folder, another name, or stdout (default: this folder)")
      .with_letter('o')
      .completes(cli::Complete::file);
  options.flag("recursive", recursive_, "Folders with all that is in them").with_letter('r');
  options.flag("resume", resume_,
               "Fetch only what is missing or damaged; what has the same size and time is there");
  options.flag("checksum", checksum_, "With --resume: compare the bytes of that, too");
  options.flag("follow", follow_, "Go on as the file grows, until ^C").with_letter('f');
  options.flag("no-check", no_check_, "Do not ask for hashes: a damaged file is not noticed");
  declare_connection(options, files_);
}

Result<FetchWish> GetAction::wish() const {
  FetchWish wish;
  for (const std::string& word : files_.words) {
    Result<std::string> path = transfer::path_of_text(word);
    if (!path)
      return Error{Errc::usage, "fetch " + escape_for_display(word),
                   "paths are below the server's folder, without '..'"};
    wish.paths.push_back(std::move(*path));
  }
  wish.recursive = recursive_;
  wish.resume = resume_ || checksum_;
  wish.checksum = checksum_;
  wish.checked = !no_check_;
  wish.follow = follow_;
  const bool elsewhere = output_ && *output_ != "-" && !is_device_or_pipe(*output_);
  if (follow_ && (wish.paths.size() > 1 || recursive_ || resume_ || elsewhere))
    return Error{Errc::usage, "follow that", "one file at a time, to stdout: no -r, --resume, -o"};
  return wish;
}

/// One file may have a name of its own; several things want a folder.
Status GetAction::place(FetchWish& wish) const {
  std::string output = output_.value_or(follow_ ? "-" : ".");
  if (output == "/dev/stdout") output = "-";  // A file, if stdout is one.
  if (output.empty()) return Error{Errc::usage, "fetch to a file without a name"};
  const bool device = is_device_or_pipe(output);
  if (output == "-" || device) {
    if (recursive_) return Error{Errc::usage, "print a folder", "fetch it into one: -o DIR"};
    return device ? redirect_stdout(output) : Status{ok};
  }
  const bool several =
      wish.paths.size() > 1 || recursive_ || transfer::has_wildcards(wish.paths.front());
  std::string folder = output;
  if (!is_folder(output) && !output.ends_with('/') && !several) {
    const std::size_t slash = output.rfind('/');
    folder = slash == std::string::npos ? "." : output.substr(0, slash + 1);
    wish.name = output.substr(slash == std::string::npos ? 0 : slash + 1);
  } else if (!is_folder(output)) {
    if (mkdir(output.c_str(), 0777) != 0) return errno_error("make the folder " + output);
  }
  Result<transfer::Root> root = transfer::Root::open(folder);
  if (!root) return root.error();
  wish.folder.emplace(std::move(*root));
  return ok;
}

Status GetAction::run(cli::Context& context) {
  if (Status taken = take_endpoint(files_, 1, "fetch nothing"); !taken) return taken;
  Result<FetchWish> wished = wish();
  if (!wished) return wished.error();
  if (Status placed = place(*wished); !placed) return placed;
  if (!wished->folder && context.out.json())
    return Error{Errc::usage, "print files and --json in one", "fetch into a file: -o FILE"};
  // What a pattern stands for may be another by then: what was printed could come again.
  if (!wished->folder && std::ranges::any_of(wished->paths, transfer::has_wildcards))
    files_.client.retry = {};
  Fetch fetch{context, std::move(*wished)};
  Status talked =
      with_files(context, files_, [&](FilesClient& client) { return fetch.run(client); });
  if (!talked) return talked;
  return fetch.finish();
}

}  // namespace

std::unique_ptr<cli::Action> make_get() {
  return std::make_unique<GetAction>();
}

}  // namespace netkit::filesrv
