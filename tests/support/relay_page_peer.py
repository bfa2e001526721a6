#!/usr/bin/python3
"""A relay as the chat's page sees it, for what no real one can be asked to do: lose answers, skip
messages, hold acknowledgements, speak with hostile names. Used by tests/interop/relay_page.bats;
loopback only.

    relay_page_peer.py PAGE [PORT]     prints `port N`, serves until killed

PAGE is the HTML document. Besides it, GET /control?JSON moves things: {"tell": {...}} sends an
event to all, {"say": [ROOM, NICK, TEXT]} a message, {"many": [ROOM, NICK, N]} N of them, {"cut":
true} drops all, {"deaf": true} drops new ones too until {"deaf": false}, {"swallow": N} loses the
next N says, {"mum": true} acknowledges nothing, {"token": T} asks for one, {"fresh": true} forgets
all as a new run does, {"seen": true} answers with all requests so far.
"""

import asyncio
import datetime
import hashlib
import http
import json
import sys
import urllib.parse
from pathlib import Path

import websockets

POLICY = ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
          "connect-src 'self' ws: wss:; img-src data:; frame-ancestors 'none'; base-uri 'none'")


def moment():
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Person:
    def __init__(self, socket):
        self.socket, self.nick, self.sender, self.rooms = socket, "", "", set()


class Relay:
    def __init__(self):
        self.people, self.seen = set(), []
        self.deaf, self.swallow, self.token, self.run = False, 0, "", 0
        self.mum = False
        self.forget()

    def forget(self):
        self.run += 1
        self.log, self.messages, self.known = f"{self.run:016x}", [], {}

    def room(self, name):
        return [each for each in self.messages if each.get("room") == name]

    async def send(self, person, message):
        try:
            await person.socket.send(json.dumps(message))
        except websockets.ConnectionClosed:
            pass

    async def tell(self, message, wanted=lambda person: True):
        for person in list(self.people):
            if wanted(person):
                await self.send(person, message)

    async def say(self, members, nick, sender, number):
        message = {"event": "message" if "room" in members else "direct",
                   "id": f"{self.log}-{len(self.messages) + 1}", "nick": nick, "time": moment(),
                   "sender": sender, "number": number, **members}
        self.messages.append(message)
        await self.tell(message, lambda person: person.nick in (members.get("to"), nick)
                        or members.get("room") in person.rooms)

    def bounds(self, room):
        count = len(self.room(room))
        return {"room": room, "first": 1 if count else 0, "last": count}

    async def enter(self, person, wish):
        person.nick = wish["nick"]
        person.sender = hashlib.sha256(wish["secret"].encode()).hexdigest()[:16]
        person.rooms = {each["room"] for each in wish["rooms"]}
        await self.tell({"event": "join", "nick": person.nick, "room": "lobby", "time": moment(),
                         "text": f"{person.nick} came"})
        self.people.add(person)
        yield {"relay": "north", "nick": person.nick, "sender": person.sender, "text_max": 65536,
               "known": self.known.get(person.sender, 0), "ack": "memory",
               "acked": self.known.get(person.sender, 0),
               "rooms": [self.bounds(room) for room in sorted(person.rooms)],
               "have": {self.log: len(self.messages)}}
        seen = wish.get("seen")
        after = len(self.messages) if seen is None else seen.get(self.log, 0)
        old = {id(each): each for room in wish["rooms"] if seen is None and room.get("history")
               for each in self.room(room["room"])[-room["history"]:]}
        for each in self.messages:
            if id(each) in old or (int(each["id"].split("-")[1]) > after and
                                   (each.get("room") in person.rooms
                                    or person.nick in (each.get("to"), each["nick"]))):
                await self.send(person, each)

    async def take_say(self, person, ask):
        if self.swallow > 0:
            self.swallow -= 1
            return
        if "refuse" in ask["text"]:
            await self.send(person, {"number": ask["number"], "ok": False, "error": "you are mute"})
            return
        if ask["number"] > self.known.get(person.sender, 0):
            self.known[person.sender] = ask["number"]
            members = {key: ask[key] for key in ("room", "to", "text") if key in ask}
            await self.say(members, person.nick, person.sender, ask["number"])
        if not self.mum:
            await self.send(person, {"event": "ack", "number": ask["number"]})

    async def answer(self, person, ask):
        word = ask["do"]
        if word == "enter":
            async for each in self.enter(person, ask):
                await self.send(person, {"id": ask["id"], "ok": True, **each})
            return
        if word in ("say", "direct"):
            await self.take_say(person, ask)
            return
        said = {"id": ask["id"], "ok": True}
        if word == "who":
            said["people"] = [{"nick": each.nick, "relay": "north", "rooms": sorted(each.rooms),
                               "since": moment(), "away": False}
                              for each in self.people if ask.get("room") in each.rooms]
        elif word == "rooms":
            names = {"lobby"} | {each.get("room") for each in self.messages} - {None}
            said["rooms"] = [{"room": name, "people": sum(name in each.rooms
                                                          for each in self.people)}
                             for name in sorted(names)]
        elif word == "join":
            person.rooms.add(ask["room"])
            said["place"] = self.bounds(ask["room"])
        elif word == "part":
            person.rooms.discard(ask["room"])
        elif word == "nick":
            await self.tell({"event": "nick", "nick": person.nick, "other": ask["nick"],
                             "text": f"{person.nick} is now {ask['nick']}", "time": moment()})
            person.nick = said["nick"] = ask["nick"]
        elif word == "history" and "relay" in ask:
            said["messages"] = [
                {"event": "message", "id": f"{0xfe:016x}-{number}", "nick": "ben", "number": number,
                 "time": moment(), "sender": f"{0xbe:016x}", "room": "lobby",
                 "text": f"{number} after all"} for number in range(ask["from"] + 1, ask["to"] + 1)]
            said |= {"relay": ask["relay"], "missing": 1, "rest": f"{ask['relay']}:849..900"}
        elif word == "history":
            said["messages"] = self.room(ask["room"])[ask["from"] - 1:ask["to"]]
            said["missing"] = 0
        elif word != "ping":
            said = {"id": ask["id"], "ok": False, "error": f"cannot {word}: refused", "exit": 4}
        await self.send(person, said)
        if word == "join":
            for each in self.room(ask["room"])[-ask.get("history", 0):]:
                await self.send(person, each)

    async def serve(self, socket, _path=None):
        person = Person(socket)
        token = ""
        try:
            async for text in socket:
                ask = json.loads(text)
                if "do" not in ask:
                    token = ask.get("token", "")
                    continue
                if self.token and token != self.token:
                    await socket.send(json.dumps({"event": "error", "error": "netkit: refused: "
                                                  "cannot serve somebody without a token"}))
                    await socket.close(1008)
                    return
                self.seen.append(ask)
                await self.answer(person, ask)
        except websockets.ConnectionClosed:
            pass
        finally:
            self.people.discard(person)

    async def say_as(self, room, nick, text):
        sender = hashlib.sha256(nick.encode()).hexdigest()[:16]
        self.known[sender] = self.known.get(sender, 0) + 1
        await self.say({"room": room, "text": text}, nick, sender, self.known[sender])

    async def control(self, wish):
        if "tell" in wish:
            await self.tell({"time": moment(), **wish["tell"]})
        if "say" in wish:
            await self.say_as(*wish["say"])
        if "many" in wish:
            room, nick, count = wish["many"]
            for number in range(1, count + 1):
                await self.say_as(room, nick, f"{number} of many")
        self.deaf = wish.get("deaf", self.deaf)
        self.swallow = wish.get("swallow", self.swallow)
        self.mum = wish.get("mum", self.mum)
        self.token = wish.get("token", self.token)
        if wish.get("fresh"):
            self.forget()
        if wish.get("cut"):
            for person in list(self.people):
                person.socket.transport.abort()
        return self.seen if wish.get("seen") else {}

    async def request(self, path, headers):
        path, _, query = path.partition("?")
        if "Upgrade" in headers:
            return (http.HTTPStatus.SERVICE_UNAVAILABLE, [], b"") if self.deaf else None
        if path == "/control":
            wish = json.loads(urllib.parse.unquote(query))
            return http.HTTPStatus.OK, [], json.dumps(await self.control(wish)).encode()
        if path != "/":
            return http.HTTPStatus.NOT_FOUND, [], b""
        return (http.HTTPStatus.OK, [("Content-Type", "text/html; charset=utf-8"),
                                     ("Content-Security-Policy", POLICY)],
                Path(sys.argv[1]).read_bytes())


async def main():
    relay = Relay()
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    async with websockets.serve(relay.serve, "127.0.0.1", port, process_request=relay.request,
                                subprotocols=["netkit.chat"]) as server:
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
