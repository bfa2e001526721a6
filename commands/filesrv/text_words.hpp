// The words that people type at the file server with nc or telnet, and those of the original's
// clients. Pure: text in, wishes out; the line and len64 dialects act on them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit::filesrv {

// list [PATH]  ls  listar_arquivos  1     the names in a folder
// get NAME     2 NAME                     the bytes of a file, and nothing else
// enviar_arquivo NAME                     its name, then its bytes
// time         hora_atual           3     HH:MM:SS
// info         4                          what this server is
// dados                                   that it is online
// quit         finalizar_conexao    5     ends the connection
// help                                    all of these
// /token TOKEN                            for servers that ask for one, before anything else

enum class Word : std::uint8_t {
  nothing,  ///< An empty line.
  list,
  get,
  send,  ///< enviar_arquivo
  time,
  info,
  online,  ///< dados
  quit,
  help,
  token,
};

struct TextWish {
  Word word = Word::nothing;
  /// The rest of the line, as bytes: escapes are undone. Not checked as a path.
  std::string argument;
};

/// What a line, without its end, asks for. Words are told whatever their case; white space around
/// the argument is none of it. Errc::not_found for no word of ours, Errc::malformed for an escape
/// that is none, Errc::usage for an argument that lacks or is too much; none repeats the line.
Result<TextWish> parse_words(std::string_view line);

/// True for a word that means something without a line end, once silence follows it.
bool is_whole_word(std::string_view text);

/// A name as lists show it: parse_words() understands it as an argument, bytes and all.
std::string show_name(std::string_view name);

/// What `help` answers.
std::string_view help_on_words();

/// The answer to `dados`, as the original gave it.
inline constexpr std::string_view online_text = "Servidor online 24 horas";

}  // namespace netkit::filesrv
