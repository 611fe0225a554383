#!/usr/bin/env python3
"""An adapter of zklab: it puts a lock under test that is written in Python.

    zklab conform --recipe lock 'python3 adapter.py'
    zklab run lock --faults expire,freeze,crash --subject-command 'python3 adapter.py'

zklab starts it once for each client, writes requests to its standard input, one JSON object a line, and reads
answers from its standard output. The protocol is in docs/adapters.md of zklab. As it stands, the lock is
kazoo's. Replace connect, touch and the class Lock by your own code.
"""
import json
import sys
import threading

from kazoo import exceptions
from kazoo.client import KazooClient

NAME = "my lock"
PAUSE = 0.2  # seconds between two looks whether a request was cancelled


def connect(servers, seconds, cancelled):
    """Open a session with that timeout, and return the client when it is open."""
    client = KazooClient(",".join(servers), timeout=seconds, randomize_hosts=False,
                         connection_retry={"max_tries": -1, "delay": 0.05, "max_delay": 0.5})
    connected = client.start_async()
    while not connected.wait(PAUSE):
        if cancelled.is_set():
            client.stop()
            raise Cancelled()
    return client


def touch(client, path):
    """Make one quorum write that changes nothing."""
    transaction = client.transaction()
    transaction.check(path, -1)
    for result in transaction.commit():
        if isinstance(result, Exception):
            raise result


class Lock:
    """The lock of one client at a path, which does not exist yet."""

    def __init__(self, client, path):
        self.lock = client.Lock(path)

    def acquire(self, cancelled):
        """Return when this client holds the lock. Raise Cancelled soon after cancelled is set."""
        self.lock.cancelled = False  # kazoo remembers a cancel that came too late
        cancelled.then(self.lock.cancel)
        try:
            self.lock.acquire()
        except exceptions.CancelledError:
            raise Cancelled()

    def release(self):
        if not self.lock.release():
            raise NoEffect("error", "not held")


def code(error):
    """The code of an error, by which zklab knows what may have happened (docs/adapters.md, Errors)."""
    for kind, word in [(exceptions.SessionExpiredError, "session-expired"), (exceptions.ConnectionLoss, "connection-loss"),
                       (exceptions.ConnectionClosedError, "closing")]:
        if isinstance(error, kind):
            return word
    return "error"


# What follows speaks the protocol. It needs no change, unless you add recipes.


class Cancelled(Exception):
    """A request was cancelled."""


class Cancel(threading.Event):
    """It is set when a request is cancelled. It calls a hook then, or at once if it was cancelled before."""

    def __init__(self):
        super().__init__()
        self.hooks, self.guard = [], threading.Lock()

    def then(self, hook):
        with self.guard:
            self.hooks.append(hook)
            if self.is_set():
                hook()

    def set(self):
        with self.guard:
            super().set()
            for hook in self.hooks:
                hook()


class NoEffect(Exception):
    """A request certainly did nothing."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Adapter:
    def __init__(self):
        self.client, self.objects, self.cancels, self.writing = None, {}, {}, threading.Lock()

    def answer(self, request, cancelled):
        """Runs on a thread of its own, since requests overlap."""
        reply = {"id": request["id"]}
        try:
            reply["ok"] = self.do(request, cancelled) or {}
        except NoEffect as error:
            reply["error"] = {"code": error.code, "message": str(error), "no_effect": True}
        except Cancelled:
            reply["error"] = {"code": "cancelled", "message": "cancelled"}
        except Exception as error:
            reply["error"] = {"code": code(error), "message": "%s %s" % (type(error).__name__, error)}
        self.cancels.pop(request["id"], None)
        self.say(reply)

    def do(self, request, cancelled):
        op, number = request["op"], request.get("object")
        if op == "open":
            if request["version"] != 2:
                raise NoEffect("version", "this adapter speaks version 2")
            self.client = connect(request["servers"], request["timeout_ms"] / 1000, cancelled)
            return {"version": 2, "name": NAME, "offers": ["touch"]}
        if op == "touch":
            return touch(self.client, request["path"])
        if op == "make":
            if request["recipe"] != "lock":
                raise NoEffect("unsupported", "no recipe %r here" % request["recipe"])
            self.objects[number] = Lock(self.client, request["path"])
            return {"offers": []}
        if op not in ("call", "close"):
            raise NoEffect("unknown-op", "no request %r here" % op)
        if number not in self.objects:
            raise NoEffect("bad-request", "no object %r" % number)
        if op == "close":
            del self.objects[number]
        elif request["operation"] == "acquire":
            self.objects[number].acquire(cancelled)
        elif request["operation"] == "release":
            self.objects[number].release()
        else:
            raise NoEffect("unknown-op", "no operation %r here" % request["operation"])

    def serve(self):
        for line in sys.stdin.buffer:
            try:
                request = json.loads(line)
                op, number = request["op"], request["id"]
            except (ValueError, TypeError, KeyError):
                self.say({"error": {"code": "bad-request", "message": "no request", "no_effect": True}})
                continue
            if op == "ping":
                self.say({"id": number, "ok": {}})
            elif op == "cancel":
                if number in self.cancels:
                    self.cancels[number].set()
            elif op == "quit":
                self.end()
                self.say({"id": number, "ok": {}})
            else:
                cancelled = self.cancels[number] = Cancel()
                threading.Thread(target=self.answer, args=(request, cancelled), daemon=True).start()
        self.end()

    def end(self):
        for cancelled in list(self.cancels.values()):
            cancelled.set()
        if self.client is not None:
            self.client.stop()
        self.client, self.objects = None, {}

    def say(self, reply):
        with self.writing:
            print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    Adapter().serve()
