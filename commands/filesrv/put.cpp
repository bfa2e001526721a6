// `netkit filesrv put`: options.
#include "commands/filesrv/client.hpp"
#include "commands/filesrv/filesrv.hpp"
#include "commands/filesrv/store.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

class PutAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  FilesOptions files_;
  std::string to_;
  std::optional<std::string> name_;
  bool recursive_ = false;
  bool resume_ = false;
  bool checksum_ = false;
  bool overwrite_ = false;
};

void PutAction::declare(cli::Options& options) {
  declare_files(options, files_, "FILE",
                "Files, or folders with -r; a single word is one, and no endpoint")
      .completes(cli::Complete::file);
  options.value("to", to_, "DIR", "The folder at the server, made if it is missing");
  options.value("name", name_, "NAME", "Another name for the one file there");
  options.flag("recursive", recursive_, "Folders with all that is in them").with_letter('r');
  options.flag("resume", resume_,
               "Send only what is missing or damaged; what has the same size and time is there");
  options.flag("checksum", checksum_, "With --resume: compare the bytes of that, too");
  options.flag("overwrite", overwrite_, "Replace files that are there");
  declare_connection(options, files_);
}

Status PutAction::run(cli::Context& context) {
  if (Status taken = take_endpoint(files_, 1, "store nothing"); !taken) return taken;
  StoreWish wish;
  Result<std::string> to = transfer::path_of_text(to_);
  if (!to) return Error{Errc::usage, "store files in " + to_, "no '..' below the server's folder"};
  wish.to = std::move(*to);
  wish.files = files_.words;
  if (name_ && wish.files.size() != 1) return Error{Errc::usage, "give several files one name"};
  if (name_ && (name_->empty() || name_->find('/') != std::string::npos))
    return Error{Errc::usage, "use that --name", "the folder is told by --to"};
  wish.name = name_.value_or("");
  wish.recursive = recursive_;
  wish.resume = resume_ || checksum_;
  wish.checksum = checksum_;
  wish.replace = overwrite_;
  Store store{context, std::move(wish)};
  Status talked =
      with_files(context, files_, [&](FilesClient& client) { return store.run(client); });
  if (!talked) return talked;
  return store.finish();
}

}  // namespace

std::unique_ptr<cli::Action> make_put() {
  return std::make_unique<PutAction>();
}

}  // namespace netkit::filesrv
