// One list, of one folder, within Tab's limit.
#include "commands/filesrv/complete.hpp"

#include "base/text.hpp"
#include "cli/tab_client.hpp"
#include "commands/filesrv/client.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

/// A shell shows no more than some screens of them.
constexpr std::size_t names_max = 2000;

/// The first word that is neither an option nor may be one's value.
std::string endpoint_of(const cli::Typed& typed) {
  for (std::size_t i = 0; i < typed.words.size(); ++i) {
    const bool value = i > 0 && typed.words[i - 1].starts_with('-');
    if (!value && !typed.words[i].starts_with('-')) return typed.words[i];
  }
  return {};
}

/// What it hears goes to `names` as it comes, since it may be cut off anywhere.
asio::awaitable<void> list(const cli::Typed& typed, net::Endpoint to, std::string folder,
                           std::vector<std::string>& names) {
  Result<net::Stream> stream = co_await cli::connect_at_tab(typed.environment, to);
  if (!stream) co_return;
  auto client =
      co_await FilesClient::begin(std::move(*stream), cli::tab_limit, typed.value_of("token"));
  if (!client) co_return;
  std::string request;
  append(request, (*client)->new_stream(), transfer::List{.recursive = false, .path = folder});
  const auto hear = [&](const transfer::Answer& answer) -> Status {
    const auto* const entry = std::get_if<transfer::Entry>(&answer);
    if (!entry) return ok;
    // What a shell cannot show it could not hand back either.
    const bool shown = escape_for_display(entry->path) == entry->path;
    if (!shown || !entry->path.starts_with(typed.word)) return ok;
    if (names.size() >= names_max) return Errc::too_large;
    const bool is_folder = entry->facts.kind == transfer::Kind::folder;
    names.push_back(entry->path + (is_folder ? "/" : ""));
    return ok;
  };
  static_cast<void>(co_await ask(**client, request, hear));
}

}  // namespace

std::vector<std::string> remote_names(const cli::Typed& typed) {
  const Result<net::Endpoint> named = net::parse_endpoint(endpoint_of(typed));
  const Result<std::string> folder =
      transfer::path_of_text(typed.word.substr(0, typed.word.rfind('/') + 1));
  std::vector<std::string> names;
  if (!named || !folder) return names;
  const net::Endpoint to = whole(*named);
  cli::look_at_tab([&] { return list(typed, to, *folder, names); });
  return names;
}

}  // namespace netkit::filesrv
