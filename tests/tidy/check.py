#!/usr/bin/python3
"""Checks the source text itself: layers, purposes, lengths, forbidden words. Run by the bats files
beside it, which also seed a violation of each rule; reads files, never changes one.

    check.py RULE [TREE]   prints FILE:LINE: WHAT for each violation and exits 1 if there is one
    check.py --list        prints the rules, one a line
"""

import re
import sys
from pathlib import Path

COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
COMMAND_FILE_LINES_MAX = 400
PURPOSE_LINES_MAX = 4

# What each folder may include, besides itself. Folders of the same rank are siblings.
RANK = {"base": 0, "wire": 1, "log": 1, "config": 1, "store": 2, "identity": 2, "net": 2,
        "access": 3, "transfer": 3, "cli": 4, "commands": 5, "main": 6}
ASIO_USERS = {"net", "access", "transfer", "cli", "commands", "main"}

# What is logged by a Logger, up to its fields, or by a function that begins with a level; and what
# only clients log, where.
LOGGED = re.compile(r"\blog_?(?:\(\))?(?:\.|->)(?:trace|debug|info|warn|error|event)\(([^{;]*)"
                    r"|\bnote\(log::Level::(\w+,[^,{;]*)")
CLIENT_EVENTS = {
    "commands/filesrv/tally.cpp": {"left_out"}, "commands/install/install.cpp": {"kept"},
    "commands/echo/ping.cpp": {"connect", "disconnect", "lost"},
    "commands/presence/mailing.cpp": {"delivered", "wait"},
    "commands/presence/member.cpp": {"stranger"},
    "commands/presence/peer_pipe.cpp": {"delivered"},
    "commands/presence/talk_server.cpp": {"file_refused"},
    "commands/relay/chat_pipe.cpp": {"lost", "notice"},
    "src/cli/client.cpp": {"attempt", "connected", "retry"}}

CPP = {".cpp", ".hpp", ".c", ".h"}
SCRIPT = {".bash", ".bats", ".sh", ".py"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


class Tree:
    """The text files under one root: ours (src, commands, tests, dev, .ci) and their lines."""

    def __init__(self, root):
        self.root = Path(root)
        self.files = {}
        for top in ("src", "commands", "tests", ".ci", "completions"):
            for path in sorted((self.root / top).rglob("*")):
                self.add(path)
        for path in sorted(self.root.glob("*")):
            self.add(path)

    def add(self, path):
        name = path.relative_to(self.root).as_posix()
        if not path.is_file() or "__pycache__" in name or "/corpus/" in name:
            return
        try:
            self.files[name] = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            pass  # A binary file, such as a test vector.

    def code(self, *tops):
        """C and C++ files below the given folders; all of them without an argument."""
        for name, lines in self.files.items():
            if Path(name).suffix in CPP and (not tops or name.startswith(tops)):
                yield name, lines

    def scripts(self):
        for name, lines in self.files.items():
            first = lines[0] if lines else ""
            if Path(name).suffix in SCRIPT or first.startswith("#!"):
                yield name, lines


def layer_of(name):
    """src/wire/frame.hpp -> wire; commands/echo/echo.cpp -> commands; src/main.cpp -> main."""
    parts = name.split("/")
    if parts[0] == "commands":
        return "commands"
    return "main" if parts[:2] == ["src", "main.cpp"] else parts[1]


def includes(lines):
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1), found.group(2)


def rule_layers(tree):
    """Includes point downwards, by full path; siblings and commands do not know one another."""
    for name, lines in tree.code("src/", "commands/"):
        layer = layer_of(name)
        if layer not in RANK:
            yield name, 1, f"the folder {layer} has no place in the order of layers"
            continue
        for number, bracket, what in includes(lines):
            if bracket == '"':
                wrong = wrong_include(name, layer, what)
                if wrong:
                    yield name, number, wrong


def wrong_include(name, layer, what):
    target = what.split("/")[0]
    if "/" not in what or target not in RANK:
        return f'"{what}" is not a full path from src/ or commands/'
    if target == layer == "commands":
        mine, theirs = name.split("/")[1], what.split("/")[1]
        shared = theirs.startswith("table.") or mine.startswith("table.")
        return None if mine == theirs or shared else f"{mine} includes another command: {what}"
    if target != layer and RANK[target] >= RANK[layer]:
        return f"{layer} includes {what}, which is not below it"
    return None


def rule_libraries(tree):
    """CLI11 only in src/cli, toml++ in exactly one file, Asio from net upwards."""
    toml = []
    for name, lines in tree.code("src/", "commands/"):
        for number, _, what in includes(lines):
            if what.startswith("CLI/") and layer_of(name) != "cli":
                yield name, number, "only src/cli includes CLI11"
            if what.startswith("asio") and layer_of(name) not in ASIO_USERS:
                yield name, number, "Asio is not for the layers below net"
            if what.startswith("toml++/"):
                toml.append((name, number))
    if len(toml) != 1 or Path(toml[0][0]).suffix != ".cpp":
        where = toml[0] if toml else ("src/config", 1)
        yield *where, f"toml++ belongs into exactly one .cpp file, not {len(toml)}"


def rule_purpose(tree):
    """A source file opens with one to four comment lines that say what it is for."""
    for name, lines in tree.code():
        count = 0
        while count < len(lines) and lines[count].startswith("// "):
            count += 1
        if not 1 <= count <= PURPOSE_LINES_MAX:
            yield name, 1, f"opens with {count} comment lines instead of 1 to {PURPOSE_LINES_MAX}"
    for name, lines in tree.scripts():
        body = lines[1:] if lines and lines[0].startswith("#!") else lines
        if name.startswith("tests/data/") or name.startswith("completions/"):
            continue
        if not body or not re.match(r'# \S|"""\S', body[0]):
            yield name, 1, "does not open with a comment that says what it is for"


def rule_columns(tree):
    """No line of code or script is longer than 100 columns."""
    for name, lines in list(tree.code()) + list(tree.scripts()):
        if name.startswith(("tests/data/", "completions/")):
            continue
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX and "://" not in line.split(" ")[-1]:
                yield name, number, f"{len(line)} columns, {COLUMNS_MAX} at most"


def rule_commands(tree):
    """No file of a command is longer than 400 lines."""
    for name, lines in tree.code("commands/"):
        if len(lines) > COMMAND_FILE_LINES_MAX:
            yield name, len(lines), f"{len(lines)} lines, {COMMAND_FILE_LINES_MAX} at most"


TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^()\\\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)


def blanked(lines):
    """The text without comments, strings and directives, every line end kept."""
    def spaces(found):
        return re.sub(r"[^\n]", " ", found.group(0))
    return DIRECTIVE.sub(spaces, TOKEN.sub(spaces, "\n".join(lines) + "\n"))


def functions(lines):
    """(first line, last line) of each function that is defined at namespace or class level."""
    text = blanked(lines)
    inside = []  # One entry an open brace: "scope", "function", "initializer" or "other".
    statement = start = 0
    for at, char in enumerate(text):
        level = inside[-1] if inside else "scope"
        if char == "{":
            head = text[statement:at]
            inside.append(kind_of(head) if level == "scope" else "other")
            if inside[-1] == "scope":
                statement = at + 1
            elif inside[-1] == "function":
                start = statement + len(head) - len(head.lstrip())
        elif char == "}" and inside:
            ended = inside.pop()
            if ended == "function":
                yield text.count("\n", 0, start) + 1, text.count("\n", 0, at) + 1
            if ended in ("scope", "function") or (ended == "other" and level_is_scope(inside)):
                statement = at + 1
        elif char == ";" and level == "scope":
            statement = at + 1


def level_is_scope(inside):
    return not inside or inside[-1] == "scope"


def kind_of(head):
    """What an open brace after `head` begins, when it stands at namespace or class level."""
    words = re.sub(r"\btemplate\s*<[^{};]*>(?=\s*(?:class|struct|union))", "", head).strip()
    words = re.sub(r"^(?:public|private|protected)\s*:", "", words).strip()
    if words.count("(") != words.count(")"):
        return "initializer"  # A default argument: f(Options options = {}).
    if re.search(r"\)[^()]*(?<!:):(?!:)(?:.*[,\s])?[\w:<>]+\s*$", words, re.S):
        return "initializer"  # A member: Frame() : size_{0}.
    if re.match(r"(?:inline\s+)?namespace\b|extern\b[^(]*$", words):
        return "scope"
    returns_class = re.search(r"\)\s*(?:const|noexcept|$)", words)
    if re.match(r"(?:class|struct|union)\b", words) and not returns_class:
        return "scope"
    return "function" if ")" in words else "other"


def rule_functions(tree):
    """No function is longer than 70 lines, its head included."""
    for name, lines in tree.code():
        for first, last in functions(lines):
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield name, first, f"{last - first + 1} lines, {FUNCTION_LINES_MAX} at most"


FORBIDDEN = [
    (r"\basio::detached\b", "asio::detached swallows exceptions: give a completion that rethrows"),
    (r"\bsleep_(?:for|until)\b", "nothing sleeps: wait for an event or run a timer"),
    (r"\bstd::system\(", "std::system runs a shell: spawn the program itself"),
]
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b")


def rule_words(tree):
    """No detached coroutine, no sleep, no shell, no note of unfinished work."""
    for name, lines in list(tree.code()) + list(tree.scripts()):
        if name.startswith("tests/tidy/"):
            continue
        is_code = Path(name).suffix in CPP
        code = blanked(lines).splitlines() if is_code else lines
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line):
                yield name, number, "finish it, or leave it out"
            for pattern, why in FORBIDDEN:
                if re.search(pattern, code[number - 1]):
                    yield name, number, why


CONDITIONAL = re.compile(r"\?|[(){}\[\];,]|\bco_await\b")
CONDITION = re.compile(r"\b(?:if|for|while|switch)\s*(?:constexpr\s*)?$")


def conditional_waits(lines):
    """The lines of each `?` whose condition or branches hold a co_await, also over many lines."""
    text = blanked(lines)
    inside = [("", [])]  # Each open bracket, what stood in it since its last comma or semicolon.
    for found in CONDITIONAL.finditer(text):
        word = found.group(0)
        if word in "([{":
            is_condition = CONDITION.search(text[max(0, found.start() - 20):found.start()])
            inside.append(("if" if is_condition else word, []))
        elif word in ")]}" and len(inside) > 1:
            opened, within = inside.pop()
            if word == "}" and text[found.end():].lstrip()[:1] not in tuple("),;.?:"):
                inside[-1][1].clear()  # A block has ended, and with it the statement.
            elif opened != "if" and any(each == "co_await" for each, _ in within):
                inside[-1][1].append(("co_await", found.start()))
        elif word in ";,":
            inside[-1][1].clear()
        else:
            inside[-1][1].append((word, found.start()))
        here = dict(inside[-1][1])
        if "?" in here and "co_await" in here:
            yield text.count("\n", 0, here["?"]) + 1
            inside[-1][1].clear()


def rule_waits(tree):
    """No co_await inside a conditional expression: g++ 12 destroys what it gave twice."""
    for name, lines in tree.code():
        for number in conditional_waits(lines):
            yield name, number, "co_await inside ?: is destroyed twice by g++ 12: use if and else"


def documented_events(text):
    """Names of the items "`a`, `b` :: ..." of a list of events."""
    return {name for item in text.split("\n\n") if " :: " in item
            for name in re.findall("`([^`]+)`", item.split(" :: ")[0])}


def rule_events(tree):
    """A server's events are in the list of all servers' events or in its own manual's."""
    common = documented_events("\n".join(tree.files.get("src/cli/events.cpp", [])))
    own = {}
    for name, lines in tree.code("commands/"):
        text = "\n".join(lines).partition("\n# EVENTS\n\n")[2].partition(')";')[0]
        own.setdefault(Path(name).parent, set()).update(documented_events(text))
    for name, lines in tree.code("src/net/", "src/access/", "src/cli/", "commands/"):
        text = "\n".join(lines)
        known = common | own.get(Path(name).parent, set()) | CLIENT_EVENTS.get(name, set())
        for logged in LOGGED.finditer(text):
            for event in re.findall('"([a-z_]+)"', logged[1] or logged[2] or ""):
                if event not in known:
                    yield (name, text.count("\n", 0, logged.start()) + 1,
                           f"the event {event} is in no list of events")


def rule_names(tree):
    """File names name the thing. (systemd is a service manager: there the word is the noun.)"""
    vague = re.compile(
        r"(?:^|[_./-])(?:utils?|common|helpers?|misc|(?<!service_)managers?)(?=[_./-]|$)", re.I)
    for name in tree.files:
        if vague.search(name):
            yield name, 1, "the name says nothing about what is inside"


def rule_paths(tree):
    """No path that exists on one machine only."""
    for name, lines in tree.files.items():
        if name.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(lines, 1):
            if re.search(r"(?<![\w.$}/-])/(?:work|root|home)/", line):
                yield name, number, "an absolute path of one machine"


def rule_top(tree):
    """The top level holds what the project is made of, nothing that a program left there."""
    wanted = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "dev", "src",
              "commands", "tests", "completions", "build"}
    for path in sorted(tree.root.iterdir()):
        if path.name not in wanted and not path.name.startswith("."):
            yield path.name, 1, "does not belong at the top level"


RULES = {name[5:]: rule for name, rule in globals().items() if name.startswith("rule_")}


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(RULES))
        return 0
    if not 1 <= len(arguments) <= 2 or arguments[0] not in RULES:
        print(__doc__, file=sys.stderr)
        return 2
    root = arguments[1] if len(arguments) == 2 else Path(__file__).resolve().parents[2]
    tree = Tree(root)
    if not list(tree.code("src/")):
        print(f"{root}: no source files found", file=sys.stderr)
        return 1
    violations = list(RULES[arguments[0]](tree))
    for name, number, what in violations:
        print(f"{name}:{number}: {what}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
