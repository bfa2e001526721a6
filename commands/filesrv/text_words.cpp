// A table of words, and how their arguments are written.
#include "commands/filesrv/text_words.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace netkit::filesrv {
namespace {

enum class Argument : std::uint8_t { none, optional, required };

struct Entry {
  std::string_view text;
  Word word;
  Argument argument;
};

constexpr std::array<Entry, 18> words{{
    {"list", Word::list, Argument::optional},
    {"ls", Word::list, Argument::optional},
    {"listar_arquivos", Word::list, Argument::optional},
    {"1", Word::list, Argument::optional},
    {"get", Word::get, Argument::required},
    {"2", Word::get, Argument::required},
    {"enviar_arquivo", Word::send, Argument::required},
    {"time", Word::time, Argument::none},
    {"hora_atual", Word::time, Argument::none},
    {"3", Word::time, Argument::none},
    {"info", Word::info, Argument::none},
    {"4", Word::info, Argument::none},
    {"dados", Word::online, Argument::none},
    {"quit", Word::quit, Argument::none},
    {"finalizar_conexao", Word::quit, Argument::none},
    {"5", Word::quit, Argument::none},
    {"help", Word::help, Argument::none},
    {"/token", Word::token, Argument::optional},
}};

const Entry* entry_of(std::string_view text) {
  const auto found = std::ranges::find_if(
      words, [text](const Entry& each) { return equal_ignoring_case(each.text, text); });
  return found == words.end() ? nullptr : &*found;
}

}  // namespace

Result<TextWish> parse_words(std::string_view line) {
  const std::string_view text = trim(line);
  if (text.empty()) return TextWish{};
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const Entry* const entry = entry_of(text.substr(0, end));
  if (!entry) return Error{Errc::not_found, "find such a word", "`help` lists them"};
  TextWish wish{entry->word, {}};
  const std::string_view rest = trim(text.substr(end));
  if (entry->word == Word::token) return wish;  // Not for us, and not to be kept.
  if (rest.empty() && entry->argument == Argument::required)
    return Error{Errc::usage, "tell which file", std::string{entry->text} + " NAME"};
  if (!rest.empty() && entry->argument == Argument::none)
    return Error{Errc::usage, "take anything after that word", "`help` lists the words"};
  const std::optional<std::string> bytes = unescape_displayed(rest);
  if (!bytes)
    return Error{Errc::malformed, "read the name", R"(after a backslash only \, n, t or xHH)"};
  wish.argument = *bytes;
  return wish;
}

bool is_whole_word(std::string_view text) {
  const Entry* const entry = entry_of(text);
  return entry && entry->argument != Argument::required && entry->word != Word::token;
}

std::string show_name(std::string_view name) {
  std::string shown = escape_for_display(name);
  // At the ends of an argument they would be cut off.
  if (shown.starts_with(' ')) shown.replace(0, 1, R"(\x20)");
  if (shown.ends_with(' ')) shown.replace(shown.size() - 1, 1, R"(\x20)");
  return shown;
}

std::string_view help_on_words() {
  return "list [PATH]          the names in a folder; ls, listar_arquivos, 1\n"
         "get NAME             the bytes of a file and nothing else; 2\n"
         "enviar_arquivo NAME  its name, then its bytes\n"
         "time                 HH:MM:SS; hora_atual, 3\n"
         "info                 what this server is; 4\n"
         "dados                that it is online\n"
         "quit                 finalizar_conexao, 5\n"
         "/token TOKEN         where a token is asked for, as the first line\n";
}

}  // namespace netkit::filesrv
