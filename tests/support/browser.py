#!/usr/bin/python3
"""Drives a headless Chromium through its debugging pipe: opens the echo page, waits until it is
connected, sends a text and waits for the answer, at the width of a phone. Standard library only;
used by tests/interop/browser.bats; the browser talks to the given URL alone.

    browser.py URL FOLDER    prints one JSON object; FOLDER gets page.png and the browser's files
"""

import base64
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

WIDTH, HEIGHT = 360, 740
LIMIT_S = 60
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage",
         "--no-default-browser-check", "--ignore-certificate-errors", "--mute-audio",
         "--remote-debugging-pipe", "--no-proxy-server"]
# Nothing but loopback is looked up or connected to, whatever the browser would like to fetch.
RESOLVE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


class Browser:
    """The Chromium process and its debugging protocol: JSON objects, each ended by a zero byte."""

    def __init__(self, folder):
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()

        def as_three_and_four():
            # The browser reads at 3 and writes at 4; the copies keep the ends from colliding.
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self.log = open(Path(folder, "chromium.log"), "wb")
        self.process = subprocess.Popen(
            ["chromium", *FLAGS, RESOLVE, f"--user-data-dir={folder}/profile", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, close_fds=False,
            preexec_fn=as_three_and_four)
        os.close(to_browser)
        os.close(from_browser)
        self.end = time.monotonic() + LIMIT_S
        self.unread = b""
        self.last_id = 0
        self.session = None

    def receive(self):
        while b"\0" not in self.unread:
            wait = self.end - time.monotonic()
            if wait <= 0 or not select.select([self.read_end], [], [], wait)[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self.read_end, 1 << 16)
            if not piece:
                raise EOFError("the browser has ended; see chromium.log")
            self.unread += piece
        message, _, self.unread = self.unread.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.last_id += 1
        request = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.write_end, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def evaluate(self, expression):
        """The value of the expression in the page; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression):
        """Waits in the page, by its animation frames, until the expression is true."""
        self.evaluate(f"""new Promise((resolve, reject) => {{
            const end = performance.now() + {LIMIT_S * 500};
            const look = () => {{
                if ({expression}) resolve(true);
                else if (performance.now() > end) reject(new Error('never came true'));
                else setTimeout(look, 20);
            }};
            look();
        }})""")

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, EOFError, TimeoutError, RuntimeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def visit(browser, url, folder):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target,
                                   flatten=True)["sessionId"]
    browser.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT,
                 deviceScaleFactor=1, mobile=True)
    browser.call("Page.enable")
    browser.call("Page.navigate", url=url)
    browser.until("location.href !== 'about:blank' && document.readyState === 'complete'")
    browser.until("/^Connected/.test(document.getElementById('state').textContent)")
    seen = {"title": browser.evaluate("document.title")}
    # Typed and sent as a person would: the field is focused, Enter submits the form.
    text = "żółw " + "wide" * 60
    browser.evaluate("document.getElementById('text').focus(); "
                     "document.getElementById('text').select()")
    browser.call("Input.insertText", text=text)
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter",
                     windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else "")
    browser.until("document.getElementById('answers').rows.length === 1")
    seen["same"] = browser.evaluate(
        "document.getElementById('answers').rows[0].cells[0].textContent") == text
    seen["round_trip"] = browser.evaluate(
        "document.getElementById('answers').rows[0].cells[1].textContent")
    seen["inner_width"] = browser.evaluate("innerWidth")
    seen["scroll_width"] = browser.evaluate("document.documentElement.scrollWidth")
    seen["foreign"] = browser.evaluate(
        "performance.getEntriesByType('resource').map(each => each.name)"
        ".filter(name => !name.startsWith(location.origin))")
    picture = browser.call("Page.captureScreenshot", format="png")["data"]
    Path(folder, "page.png").write_bytes(base64.b64decode(picture))
    return seen


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    browser = Browser(arguments[1])
    try:
        print(json.dumps(visit(browser, *arguments)))
    finally:
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
