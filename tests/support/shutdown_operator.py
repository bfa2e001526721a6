#!/usr/bin/python3
"""A shutdown server as an operator's browser sees it: the page and the operators' protocol, with
hosts and orders that a test moves by hand. Used by tests/interop/shutdown_page.bats; loopback only.

    shutdown_operator.py PAGE [PORT]     prints `port N`, serves until killed

PAGE is the HTML document. Besides it, GET /control?JSON moves things: {"host": {...}} changes or
adds a host by its name, {"plan": {...}} the plan, {"cut": true} drops all operators, {"deaf": true}
drops new ones too until {"deaf": false}, {"seen": true} answers with all requests so far.
"""

import asyncio
import datetime
import http
import itertools
import json
import sys
import urllib.parse
from pathlib import Path

import websockets

ORDER_TOKEN = "nk_" + "o" * 43
READ_TOKEN = "nk_" + "r" * 43
POLICY = ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
          "connect-src 'self' ws: wss:; img-src data:; frame-ancestors 'none'; base-uri 'none'")
AWAY = ("down", "offline", "timeout")
HOSTILE = "<img src=x onerror=window.pwned=1>"
TURNED = "web\u202e1\u2066gpj"


def moment(ago_s=0):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now - datetime.timedelta(seconds=ago_s)).isoformat(timespec="milliseconds")


def host(number, name, state="online", ago_s=3600, **more):
    return {"name": name, "machine": f"{number:032x}", "address": f"192.0.2.{number}",
            "kind": "agent", "state": state, "since": moment(ago_s),
            "last_seen": moment(2 if state == "online" else ago_s), "boot": "0" * 32,
            "enrolled": True, "dry_run": False, "exec": "systemctl poweroff", "version": "1.0",
            "connected": state not in AWAY, "macs": [f"02:00:00:00:00:{number:02x}"],
            "order": None, **more}


def order(number, of, state, ago_s, why="", reason="", issuer="ada", force=False):
    return {"order": f"{number:016x}", "host": of["name"], "machine": of["machine"],
            "address": of["address"], "state": state, "why": why, "issuer": issuer,
            "reason": reason, "force": force, "plan": "", "ordered": moment(ago_s),
            "due": moment(ago_s), "expires": moment(ago_s - 3600), "changed": moment(ago_s - 9)}


class Desk:
    """All that the operators see, and who they are."""

    def __init__(self):
        self.operators = set()
        self.deaf = False
        self.seen = []
        self.plan = None
        self.numbers = itertools.count(100)
        listed = [host(1, "web1"), host(2, "web2", ago_s=86400 * 3),
                  host(3, "web3", "going", 4), host(4, "db1", dry_run=True, ago_s=7200),
                  host(5, "db2", "timeout", 320), host(6, "nas1", "down", 1900),
                  host(7, "backup", "offline", 86400 * 9, enrolled=False, macs=[]),
                  host(8, "", kind="plain", machine="", enrolled=False, exec=""),
                  host(9, HOSTILE), host(10, TURNED), host(11, "long-" + "x" * 240, "accepted", 3)]
        self.hosts = {each["machine"] or each["address"]: each for each in listed}
        by_name = {each["name"]: each for each in listed}
        past = [order(1, by_name["nas1"], "down", 1960, "silent for 5 s", "moving the rack"),
                order(2, by_name["db2"], "timeout", 620, "it still answers", "kernel update"),
                order(3, by_name["db1"], "refused", 420, "dry run: would run systemctl poweroff",
                      "rehearsal", "admin socket"),
                order(4, by_name["web2"], "cancelled", 300, "by ada", "wrong host"),
                order(5, by_name["web3"], "going", 20, "", "UPS on battery", "bob", True),
                order(6, by_name[HOSTILE], "expired", 90000, HOSTILE, TURNED, HOSTILE),
                order(7, listed[-1], "accepted", 12, "", "UPS on battery " + "y" * 200, "bob")]
        self.orders = {each["order"]: each for each in past}
        for each in past:
            next(h for h in listed if h["name"] == each["host"])["order"] = each

    def find(self, text):
        return [each for each in self.hosts.values()
                if text in (each["machine"], each["address"], each["name"]) and text]

    async def tell(self, event):
        for each in list(self.operators):
            await each.send(json.dumps(event))

    async def change(self, found, **changes):
        found.update(since=moment(), last_seen=moment(), **changes)
        found["connected"] = found["state"] not in AWAY
        await self.tell({"event": "host", "host": found})

    async def change_order(self, found, state):
        found.update(state=state, changed=moment())
        await self.tell({"event": "order", "order": found})
        await self.change(self.find(found["machine"] or found["address"])[0], order=found,
                          state="online" if state == "cancelled" else state)

    async def answer(self, request):
        """The rest of a reply; an Exception's text and number are an error's."""
        wish = request["do"]
        if wish in ("watch", "list"):
            return {"hosts": list(self.hosts.values()), "orders": list(self.orders.values()),
                    "plan": self.plan}
        if wish == "history":
            past = sorted(self.orders.values(), key=lambda each: each["ordered"], reverse=True)
            return {"orders": past[:request["limit"]]}
        if wish == "plan":
            return await self.start_plan(request)
        named = list(self.hosts.values()) if request.get("all") else \
            [each for text in request["hosts"] for each in self.find(text)]
        if wish == "order":
            if request["reason"] == "refuse me":
                raise PermissionError(f"cannot order {named[0]['name']}: an order is under way "
                                      "(netkit shutdown-server cancel)", 1)
            return {"orders": [await self.give(each, request) for each in named]}
        if wish == "cancel":
            for each in named:
                await self.change_order(each["order"], "cancelled")
            return {"orders": [each["order"] for each in named]}
        return {"hosts": [{"host": each["name"], "sent": 2} for each in named]}

    async def give(self, to, request):
        new = order(next(self.numbers), to, "ordered", 0, reason=request["reason"],
                    force=request["force"])
        self.orders[new["order"]] = new
        await self.change_order(new, "ordered")
        return new

    async def start_plan(self, request):
        steps, stage = [], ""
        for number, line in enumerate(request["plan"].splitlines(), 1):
            words = line.split()
            if words[:1] == ["stage"]:
                stage = words[1]
            elif words and words[0] != "wait":
                unknown = [word for word in words if not self.find(word)]
                if unknown:
                    raise ValueError(f"cannot read the plan: line {number}: no host {unknown[0]} "
                                     "(netkit shutdown-server list shows all)", 2)
                steps += [{"stage": stage, "host": word, "when": "at once", "after": []}
                          for word in words]
        if request["dry_run"]:
            return {"steps": steps}
        self.plan = running_plan()
        await self.tell({"event": "plan", "plan": self.plan})
        return {"plan": self.plan}


def running_plan():
    def member(name, state="waiting"):
        return {"host": name, "state": state}
    return {"plan": "00000000000000a1", "state": "running", "reason": "UPS on battery", "stages": [
        {"name": "clients", "state": "done", "limit": 60, "since": moment(75),
         "hosts": [member("web1", "down"), member("web2", "down"), member(TURNED, "refused")]},
        {"name": "databases", "state": "running", "limit": 120, "since": moment(15),
         "hosts": [member("db1", "down"), member("db2", "going"), member(HOSTILE, "accepted")]},
        {"name": "last", "state": "waiting", "limit": 60, "since": None,
         "hosts": [member("nas1")]}]}


DESK = Desk()


async def operate(peer):
    if DESK.deaf:
        return
    first = json.loads(await peer.recv())
    right = {ORDER_TOKEN: "order", READ_TOKEN: "read"}.get(first.get("token"))
    if not right:
        await peer.send(json.dumps({"event": "error", "exit": 4,
                                    "error": "cannot let you in: this token is not known"}))
        return
    await peer.send(json.dumps({"event": "welcome", "server": "rack-7", "right": right,
                                "user": "ada"}))
    try:
        async for message in peer:
            request = json.loads(message)
            DESK.seen.append(request)
            reply = {"id": request["id"], "ok": True}
            try:
                reply.update(await DESK.answer(request))
            except (ValueError, PermissionError) as error:
                reply.update(ok=False, error=error.args[0], exit=error.args[1])
            await peer.send(json.dumps(reply))
            if request["do"] == "watch":
                DESK.operators.add(peer)
    except websockets.ConnectionClosed:
        pass
    finally:
        DESK.operators.discard(peer)


async def control(wish):
    if "host" in wish:
        found = DESK.find(wish["host"]["name"])
        if not found:
            new = host(len(DESK.hosts) + 20, wish["host"]["name"])
            found = [DESK.hosts.setdefault(new["machine"], new)]
        await DESK.change(found[0], **wish["host"])
    if "plan" in wish:
        DESK.plan = wish["plan"] or running_plan()
        await DESK.tell({"event": "plan", "plan": DESK.plan})
    DESK.deaf = wish.get("deaf", DESK.deaf)
    if wish.get("cut"):
        for each in list(DESK.operators):
            each.transport.abort()
    return json.dumps(DESK.seen if wish.get("seen") else None)


async def answer_http(path, headers):
    if "Upgrade" in headers:
        right = path == "/operator"
        return None if right else (http.HTTPStatus.NOT_FOUND, [], b"")
    where, _, query = path.partition("?")
    if where == "/control":
        said = await control(json.loads(urllib.parse.unquote(query)))
        return http.HTTPStatus.OK, [("Content-Type", "application/json")], said.encode()
    if where != "/":
        return http.HTTPStatus.NOT_FOUND, [], b""
    fields = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", POLICY),
              ("X-Content-Type-Options", "nosniff")]
    return http.HTTPStatus.OK, fields, Path(sys.argv[1]).read_bytes()


async def main():
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    async with websockets.serve(operate, "127.0.0.1", port, process_request=answer_http,
                                subprotocols=["netkit-operator.1"]) as server:
        print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    asyncio.run(main())
