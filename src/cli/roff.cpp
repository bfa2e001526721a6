// Writes roff. Each word is escaped by itself, so that no word can begin a request wherever a line
// is broken.
#include "cli/roff.hpp"

#include <algorithm>

#include "base/code_point.hpp"
#include "base/text.hpp"

namespace netkit::cli {
namespace {

// When the texts were last changed; a page without a date is none.
constexpr std::string_view manual_date = "2026-11-22";
constexpr std::size_t fill_width = 72;

/// U+FFFD, the replacement character.
constexpr char32_t no_character = 0xfffd;

std::string_view escape_of(char32_t point) {
  switch (point) {
    case '\\': return "\\e";
    case '-': return "\\-";
    case '\'': return "\\(aq";
    case '"': return "\\(dq";
    case '`': return "\\(ga";
    case '^': return "\\(ha";
    case '~': return "\\(ti";
    default: return {};
  }
}

void append_named(std::string& out, char32_t point) {
  constexpr char digits[] = "0123456789ABCDEF";
  out += "\\[u";
  for (int shift = point > 0xffff ? 20 : 12; shift >= 0; shift -= 4)
    out += digits[point >> shift & 15];
  out += ']';
}

/// A word of markup; `bold` is how it begins, and then how it ends.
std::string styled(std::string_view word, bool& bold) {
  std::string out;
  bool first = true;
  for (const std::string_view part : split(word, '`')) {
    if (!first) {
      bold = !bold;
      out += bold ? "\\fB" : "\\fR";
    }
    first = false;
    out += to_roff(part);
  }
  return out;
}

/// `markup` with `broken` where a line is full: at a line end words are parted all the same, behind
/// a backslash the line goes on.
std::string wrapped(std::string_view markup, std::string_view broken) {
  std::string out;
  std::size_t at = 0;
  bool bold = false;
  bool first = true;
  for (const std::string_view word : split(markup, ' ')) {
    const std::string roff = styled(word, bold);
    if (!first && at + 1 + roff.size() > fill_width) {
      out += broken;
      at = 0;
    } else if (!first) {
      out += ' ';
      ++at;
    }
    first = false;
    out += roff;
    at += roff.size();
  }
  if (bold) out += "\\fR";
  return out += '\n';
}

std::string filled(std::string_view markup) {
  return wrapped(markup, "\n");
}

std::string unbroken(std::string_view markup) {
  return wrapped(markup, " \\\n");
}

}  // namespace

std::string to_roff(std::string_view text) {
  std::string out;
  if (text.starts_with('.')) out += "\\&";
  while (!text.empty()) {
    const CodePoint point = decode_code_point(text);
    const char32_t value = point.size == 0 ? no_character : point.value;
    const std::string_view escape = escape_of(value);
    if (!escape.empty())
      out += escape;
    else if (value == '\n' || value == '\t')
      out += ' ';
    else if (!is_safe_to_show(value))
      append_named(out, no_character);
    else if (value >= 0x7f)
      append_named(out, value);
    else
      out += static_cast<char>(value);
    text.remove_prefix(std::max<std::size_t>(point.size, 1));
  }
  return out;
}

RoffPage::RoffPage(std::string_view title, int section_number, std::string_view summary) {
  std::string capitals{title};
  for (char& letter : capitals)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter & ~0x20);
  out_.append(".TH ").append(to_roff(capitals)).append(" ");
  out_ += static_cast<char>('0' + section_number);
  out_.append(" ").append(manual_date);
  out_ += " \"netkit " NETKIT_VERSION "\" \"netkit manual\"\n";
  section("NAME");
  out_.append(to_roff(title)).append(" \\- ").append(filled(summary));
}

void RoffPage::section(std::string_view heading) {
  out_ += ".SH " + to_roff(heading) + "\n";
  fresh_ = true;
}

void RoffPage::subsection(std::string_view heading) {
  out_ += ".SS " + to_roff(heading) + "\n";
  fresh_ = true;
}

void RoffPage::text(std::string_view markup) {
  std::string words;
  const auto flush = [&] {
    if (!words.empty()) paragraph(words);
    words.clear();
  };
  for (const std::string_view each : split(markup, '\n')) {
    if (each.starts_with(' ')) {
      flush();
      literal(each.substr(1));
      continue;
    }
    end_literal();
    const bool heading = each.starts_with("# ") || each.starts_with("## ");
    if (each.empty() || heading) flush();
    if (heading && each[1] == '#')
      subsection(each.substr(3));
    else if (heading)
      section(each.substr(2));
    else if (!each.empty())
      words.append(words.empty() ? "" : " ").append(each);
  }
  flush();
  end_literal();
}

void RoffPage::paragraph(std::string_view markup) {
  const std::size_t tag_end = markup.find(" :: ");
  if (tag_end != std::string_view::npos)
    return item(markup.substr(0, tag_end), markup.substr(tag_end + 4));
  if (!fresh_) out_ += ".PP\n";
  fresh_ = false;
  out_ += filled(markup);
}

void RoffPage::literal(std::string_view each) {
  if (!literal_) {
    if (!fresh_) out_ += ".PP\n";
    out_ += ".nf\n";
  }
  literal_ = true;
  fresh_ = false;
  out_ += unbroken(each);
}

void RoffPage::end_literal() {
  if (literal_) out_ += ".fi\n";
  literal_ = false;
}

void RoffPage::item(std::string_view tag, std::string_view meaning) {
  std::string roff = unbroken(tag);
  roff.pop_back();
  item_of_roff(roff, meaning);
}

void RoffPage::item_of_roff(std::string_view tag, std::string_view meaning) {
  out_.append(".TP\n").append(tag) += '\n';
  out_ += filled(meaning);
  fresh_ = false;
}

void RoffPage::line(std::string_view markup) {
  if (!fresh_) out_ += ".br\n";
  fresh_ = false;
  out_ += filled(markup);
}

}  // namespace netkit::cli
