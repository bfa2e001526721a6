// Manual pages as roff with the macros of man(7): escaping, filling, and a light markup in which
// texts are written by hand. Pure; what a page tells is manual.hpp's.
#pragma once

#include <string>
#include <string_view>

namespace netkit::cli {

/// `text` as roff prints it, byte for byte where a reader copies it: `-` is no hyphen and `'` no
/// quotation mark; nothing in it is taken for a request or an escape. One line: line ends and tabs
/// become spaces, what is unsafe to show becomes U+FFFD. The output is ASCII.
std::string to_roff(std::string_view text);

/// One page, written from its top to its end. Input lines have at most 80 bytes unless a word does
/// not fit.
class RoffPage {
 public:
  /// The head of the page and its NAME; `summary` is a phrase without a full stop.
  RoffPage(std::string_view title, int section, std::string_view summary);

  void section(std::string_view heading);
  void subsection(std::string_view heading);
  /// Paragraphs between empty lines, in which `backticks` make bold. "# X" begins a section, "## X"
  /// a subsection, "X :: Y" is an item; lines behind a space stand as they are.
  void text(std::string_view markup);
  /// A paragraph under its tag, both in markup.
  void item(std::string_view tag, std::string_view meaning);
  /// The same with a tag that is roff already.
  void item_of_roff(std::string_view tag, std::string_view meaning);
  /// A line of markup, and a new one.
  void line(std::string_view markup);

  std::string take() { return std::move(out_); }

 private:
  void paragraph(std::string_view markup);
  void literal(std::string_view line);
  void end_literal();

  std::string out_;
  bool fresh_ = false;    // Right behind a heading, where a paragraph needs no macro.
  bool literal_ = false;  // Lines stand as they are.
};

}  // namespace netkit::cli
