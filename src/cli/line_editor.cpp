// libedit in its unbuffered mode: it is asked for one key at a time, and only when a whole key is
// there. What is no editing is caught before it. Cursor keys become the control keys that mean the
// same, so that no sequence is left half read.
#include "cli/line_editor.hpp"

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <histedit.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "base/utf8.hpp"
#include "cli/terminal_keys.hpp"

namespace netkit::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File open_file(int descriptor, const char* mode) {
  const int own = dup(descriptor);
  File file{own < 0 ? nullptr : fdopen(own, mode)};
  if (!file && own >= 0) ::close(own);
  return file;
}

/// The widths of characters depend on it; without one, all beyond ASCII is shown by its number.
void choose_characters() {
  if (std::setlocale(LC_CTYPE, "") && std::string_view{nl_langinfo(CODESET)} == "UTF-8") return;
  for (const char* const name : {"C.UTF-8", "en_US.UTF-8"})
    if (std::setlocale(LC_CTYPE, name)) return;
}

}  // namespace

struct LineEditor::Core {
  File in, out;
  EditLine* editor = nullptr;
  HistoryW* history = nullptr;
  Events events;
  std::wstring prompt;
  std::wstring keys;  // For libedit, which takes them one by one.
  KeyReader reader;
  std::wstring left;  // The line, while the terminal is somebody else's.
  bool taken = false;

  ~Core();
  static int next_key(EditLine* editor, wchar_t* key);
  static wchar_t* show_prompt(EditLine* editor);
  static Core& of(EditLine* editor);

  std::wstring line() const;
  std::wstring before_cursor() const;
  void press(std::wstring_view all);
  void handle(std::wstring_view key);
  bool handle_special(wchar_t key);
  void accept();
  void complete();
  void offer(std::string_view word, const std::vector<std::string>& found);
  void insert(std::string_view text);
  void erase();
  void start();
  void stop();
  void refresh();
  void write(std::string_view text) const;
};

LineEditor::Core& LineEditor::Core::of(EditLine* editor) {
  void* self = nullptr;
  el_wget(editor, EL_CLIENTDATA, &self);
  return *static_cast<Core*>(self);
}

int LineEditor::Core::next_key(EditLine* editor, wchar_t* key) {
  Core& core = of(editor);
  if (core.keys.empty()) return 0;
  *key = core.keys.front();
  core.keys.erase(0, 1);
  return 1;
}

wchar_t* LineEditor::Core::show_prompt(EditLine* editor) {
  return of(editor).prompt.data();
}

LineEditor::LineEditor(std::unique_ptr<Core> core) : core_{std::move(core)} {}

Result<std::unique_ptr<LineEditor>> LineEditor::open(int input, int output, Events events) {
  choose_characters();
  auto core = std::make_unique<Core>();
  core->in = open_file(input, "r");
  core->out = open_file(output, "w");
  if (!core->in || !core->out) return errno_error("use the terminal");
  core->events = std::move(events);
  core->editor = el_init("netkit", core->in.get(), core->out.get(), core->out.get());
  core->history = history_winit();
  if (!core->editor || !core->history) return Error{Errc::busy, "edit lines on the terminal"};
  EditLine* const editor = core->editor;
  HistEventW event{};
  history_w(core->history, &event, H_SETSIZE, static_cast<int>(remembered_max));
  history_w(core->history, &event, H_SETUNIQUE, 1);
  el_wset(editor, EL_CLIENTDATA, core.get());
  el_wset(editor, EL_PROMPT, &Core::show_prompt);
  el_wset(editor, EL_EDITOR, L"emacs");
  el_wset(editor, EL_HIST, history_w, core->history);
  el_wset(editor, EL_GETCFN, &Core::next_key);
  el_wset(editor, EL_SETTY, L"-d", L"-isig", nullptr);
  // They would wait for another key.
  for (const wchar_t* const key : {L"^R", L"^S", L"^V", L"^X", L"^Q"})
    el_wset(editor, EL_BIND, key, L"ed-unassigned", nullptr);
  core->start();
  return std::unique_ptr<LineEditor>{new LineEditor{std::move(core)}};
}

LineEditor::Core::~Core() {
  if (editor) {
    if (taken) erase();
    stop();
    el_end(editor);
  }
  if (history) history_wend(history);
}

LineEditor::~LineEditor() = default;

void LineEditor::Core::start() {
  taken = true;
  el_wset(editor, EL_UNBUFFERED, 1);
}

void LineEditor::Core::stop() {
  if (!std::exchange(taken, false)) return;
  el_wset(editor, EL_UNBUFFERED, 0);
}

std::wstring LineEditor::Core::line() const {
  const LineInfoW* const info = el_wline(editor);
  return {info->buffer, info->lastchar};
}

std::wstring LineEditor::Core::before_cursor() const {
  const LineInfoW* const info = el_wline(editor);
  return {info->buffer, info->cursor};
}

void LineEditor::Core::write(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), out.get());
  std::fflush(out.get());
}

/// The cursor goes to where the prompt began, and nothing is behind it.
void LineEditor::Core::erase() {
  winsize size{};
  const bool known = ioctl(fileno(out.get()), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const int columns = known ? size.ws_col : 80;
  int rows = 0;
  int column = 0;
  for (const wchar_t letter : prompt + before_cursor()) {
    const int width = std::max(wcwidth(letter), 0);
    if (column + width > columns) {
      ++rows;
      column = 0;
    }
    column += width;
    if (column < columns) continue;
    ++rows;
    column = 0;
  }
  write((rows > 0 ? "\r\x1b[" + std::to_string(rows) + "A" : std::string{"\r"}) + "\x1b[J");
}

void LineEditor::Core::refresh() {
  el_wset(editor, EL_REFRESH);
}

/// Keys that libedit handles.
void LineEditor::Core::press(std::wstring_view all) {
  keys += all;
  int count = 0;
  while (!keys.empty()) {
    const std::size_t before = keys.size();
    el_wgets(editor, &count);
    if (keys.size() == before) keys.clear();
  }
}

void LineEditor::Core::handle(std::wstring_view key) {
  if (key.size() > 1) return press(key);
  if (handle_special(key[0])) return;
  const bool is_control = key[0] < 0x20 || key[0] == 0x7f;
  if (is_control || line().size() < line_size_max) press(key);
}

/// True for a key that is no editing.
bool LineEditor::Core::handle_special(wchar_t key) {
  switch (key) {
    case control('J'):
    case control('M'): accept(); return true;
    case control('I'): complete(); return true;
    case control('C'): {
      const bool empty = line().empty();
      erase();
      stop();
      start();
      events.interrupt(empty);
      return true;
    }
    case control('D'):
      if (!line().empty()) return false;
      events.end();
      return true;
    case control('Z'): events.suspend(); return true;
    case delete_key:
      if (before_cursor().size() < line().size()) press(std::wstring{control('D')});
      return true;
    case control('L'):
      write("\x1b[H\x1b[2J");
      refresh();
      return true;
    default: return false;
  }
}

void LineEditor::Core::accept() {
  const std::string text = narrow(line());
  erase();
  stop();
  start();
  events.line(text);
}

void LineEditor::Core::insert(std::string_view text) {
  erase();
  el_winsertstr(editor, widen(text).c_str());
  refresh();
}

void LineEditor::Core::complete() {
  const std::string before = narrow(before_cursor());
  const std::size_t space = before.rfind(' ');
  const std::string word = before.substr(space == std::string::npos ? 0 : space + 1);
  const std::vector<std::string> found = events.complete(before);
  if (found.empty()) return;
  if (found.size() == 1) return insert(std::string_view{found[0]}.substr(word.size()));
  offer(word, found);
}

/// As much as all have in common; if that is nothing new, all of them.
void LineEditor::Core::offer(std::string_view word, const std::vector<std::string>& found) {
  std::string_view common = found.front();
  for (const std::string& each : found) {
    const auto [differs, other] =
        std::mismatch(common.begin(), common.end(), each.begin(), each.end());
    common = common.substr(0, static_cast<std::size_t>(differs - common.begin()));
  }
  common = utf8_prefix(common, common.size());
  if (common.size() > word.size()) return insert(common.substr(word.size()));
  std::string all;
  for (const std::string& each : found)
    all += (all.empty() ? "" : "  ") + each;
  erase();
  write(all + "\r\n");
  refresh();
}

bool LineEditor::type(std::string_view bytes) {
  core_->reader.type(bytes);
  while (const std::optional<std::wstring> key = core_->reader.next())
    core_->handle(*key);
  return core_->reader.has_half();
}

void LineEditor::give_up_key() {
  core_->reader.give_up();
}

void LineEditor::print(const std::vector<std::string>& lines) {
  Core& core = *core_;
  std::string text;
  for (const std::string& each : lines)
    text += each + "\r\n";
  if (core.taken) core.erase();
  core.write(text);
  if (core.taken) core.refresh();
}

void LineEditor::set_prompt(std::string_view prompt) {
  Core& core = *core_;
  if (core.taken) core.erase();
  core.prompt = widen(prompt);
  if (core.taken) core.refresh();
}

void LineEditor::remember(const std::string& line) {
  HistEventW event{};
  const std::wstring wide = widen(line);
  history_w(core_->history, &event, H_ENTER, wide.c_str());
}

void LineEditor::release() {
  Core& core = *core_;
  if (!core.taken) return;
  core.left = core.line();
  core.erase();
  core.stop();
}

void LineEditor::take() {
  Core& core = *core_;
  if (core.taken) return;
  core.start();
  core.insert(narrow(std::exchange(core.left, {})));
}

void LineEditor::redraw() {
  Core& core = *core_;
  if (!core.taken) return;
  core.erase();
  el_resize(core.editor);
  core.refresh();
}

}  // namespace netkit::cli
