#!/usr/bin/env python3
"""An adapter that puts kazoo's recipes under zklab (docs/adapters.md).

    zklab run lock --subject-command 'python3 examples/kazoo/adapter.py'
    zklab conform 'python3 examples/kazoo/adapter.py'

With --shallow-party, ShallowParty serves membership instead of Party.
lockingqueue.yaml declares what LockingQueue promises, for --object.

It needs kazoo 2 (Debian's python3-kazoo, or from PyPI). Each request runs on a
thread of its own, so that lines are read while recipes wait.
"""
import argparse
import base64
import json
import sys
import threading
import time
import uuid
from concurrent import futures

from kazoo import exceptions, version
from kazoo.client import KazooClient
from kazoo.protocol.states import KazooState
from kazoo.recipe.cache import TreeCache, TreeEvent

VERSION = 2
PAUSE = 0.2  # seconds between two looks whether a request was cancelled
CODES = [
    (exceptions.CancelledError, "cancelled"),
    (exceptions.SessionExpiredError, "session-expired"),
    (exceptions.ConnectionLoss, "connection-loss"),
    (exceptions.ConnectionClosedError, "closing"),
]


class Refused(Exception):
    """A request that was not begun: it certainly had no effect."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Request(dict):
    """A line to us. Its cancel may come before anybody has begun to work on it."""

    cancelled, hook, lock = False, None, threading.Lock()

    def cancel(self):
        with self.lock:
            self.cancelled = True
            if self.hook:
                self.hook()

    def on_cancel(self, hook):
        with self.lock:
            self.hook = hook
            if self.cancelled:
                hook()

    def until(self, attempt):
        """For recipes without a cancel of their own: attempt, again and again."""
        while not self.cancelled:
            value = attempt()
            if value is not None:
                return value
        raise exceptions.CancelledError()


class Lock:
    """kazoo's Lock, alone or within an Election."""

    offers, operations = ["lost"], {"acquire", "release", "confirm"}

    def __init__(self, client, request):
        self.client, self.number = client, request["object"]
        self.lock = self.recipe(request)
        self.hold, self.losses = None, 0  # the id of the acquire; sessions lost so far
        client.add_listener(self.listen)

    def recipe(self, request):
        return self.client.Lock(request["path"])

    def acquire(self, request):
        losses = self.losses
        self.wait(request)
        self.hold = request["id"]
        if self.losses != losses and not self.stands():
            self.lose()  # the session went just before we could say whose it was

    def wait(self, request):
        self.lock.cancelled = False  # the last cancel may have come too late
        request.on_cancel(self.lock.cancel)
        if not self.lock.acquire():
            raise exceptions.CancelledError()

    def node(self):
        return self.lock.path + "/" + self.lock.node

    def stands(self):
        try:
            stat = self.client.exists(self.node())
            return stat is not None and stat.ephemeralOwner == self.client.client_id[0]
        except (exceptions.KazooException, TypeError):
            return False

    def release(self, request):
        self.hold = None
        if not self.lock.release():
            raise Refused("error", "not held")

    def confirm(self, request):
        return {"held": self.hold is not None}

    def listen(self, state):  # on kazoo's own thread
        if state == KazooState.LOST:
            self.losses += 1
            self.lose()

    def lose(self):
        hold, self.hold = self.hold, None
        if hold is not None:
            say({"event": "lost", "object": self.number, "hold": hold})

    def close(self):
        self.client.remove_listener(self.listen)


class RWLock(Lock):
    """A writer cannot become a reader, and who holds cannot be asked for it: it offers neither."""

    def recipe(self, request):
        path = request["path"]
        self.modes = {"read": self.client.ReadLock(path), "write": self.client.WriteLock(path)}
        return self.modes["write"]

    def wait(self, request):
        self.lock = self.modes[request.get("value", {}).get("mode", "write")]
        super().wait(request)


class Election(Lock):
    offers, operations = ["lost", "leader"], Lock.operations | {"leader"}

    def recipe(self, request):
        self.election = self.client.Election(request["path"], request["value"]["candidate"])
        return self.election.lock  # run() would hold it for a function only

    def leader(self, request):
        contenders = self.election.contenders()
        return contenders[0] if contenders else ""


class Semaphore(Lock):
    """Its cancel does not reach those who wait behind the one who waits for a lease."""

    def recipe(self, request):
        return self.client.Semaphore(request["path"], max_leases=request["value"]["leases"])

    def wait(self, request):
        request.until(self.attempt)

    def attempt(self):
        try:
            return self.lock.acquire(timeout=PAUSE) or None
        except exceptions.LockTimeout:
            return None

    def node(self):
        return self.lock.create_path


class Partitioner(Lock):
    """kazoo's SetPartitioner. It takes the next share by itself as soon as the last one is released.

    A member that gives up finishes, which does not end an allocation that has begun: its thread may take
    one more lock, and keep it as long as the session lives. So this can fail the check "cancel" of zklab conform.
    """

    operations = Lock.operations | {"changed", "leave"}

    def recipe(self, request):
        self.path, self.items = request["path"], request["value"]["keys"]
        self.name, self.member, self.idle = uuid.uuid4().hex, None, False
        self.turn = threading.Lock()  # its methods are not made for two threads

    def acquire(self, request):
        super().acquire(request)
        return {"keys": list(self.member)}

    def wait(self, request):
        self.idle = False
        try:
            request.until(self.share)
        except Exception:
            self.leave(request)
            raise

    def share(self):
        if self.member is None or self.member.failed:
            self.member = self.client.SetPartitioner(
                self.path, set=self.items, identifier=self.name, time_boundary=PAUSE)
        elif self.member.release:
            self.release_set(self.member)
        elif self.stands() and list(self.member):
            return True
        else:
            self.pause()

    def pause(self):
        self.member.state_change_event.wait(PAUSE)
        self.member.state_change_event.clear()

    def stands(self):
        return self.member.acquired

    def changed(self, request):
        request.until(lambda: self.pause() if self.stands() else True)

    def release(self, request):
        self.hold = None
        self.release_set(self.member)
        self.idle = True
        spawn(self.give_back, self.member)

    def give_back(self, member):
        """Gives other members their shares, while nobody asks for one here."""
        while self.idle and self.member is member and not member.failed:
            if member.release:
                self.release_set(member)
            member.state_change_event.wait(PAUSE)
            member.state_change_event.clear()

    def release_set(self, member):
        with self.turn:
            member.release_set()

    def leave(self, request):
        member, self.member = self.member, None
        if member is not None:
            with self.turn:
                member.finish()

    def close(self):
        super().close()
        self.leave(None)


class Simple:
    """A recipe that offers nothing more, and has nothing to be closed."""

    offers = []

    def close(self):
        pass


class Queue(Simple):
    operations = {"enqueue", "dequeue"}

    def __init__(self, client, request):
        self.client, self.path, self.queue = client, request["path"], client.Queue(request["path"])

    def enqueue(self, request):
        self.queue.put(base64.b64decode(request.get("value", "")))

    def dequeue(self, request):
        return base64.b64encode(request.until(self.next)).decode()

    def next(self):
        item = self.queue.get()
        if item is None:
            changed = threading.Event()
            if not self.client.get_children(self.path, watch=lambda event: changed.set()):
                changed.wait(PAUSE)
        return item


class PriorityQueue(Queue):
    def enqueue(self, request):
        value = request["value"]
        self.queue.put(base64.b64decode(value.get("item", "")), priority=value["priority"])


class LockingQueue(Simple):
    """A take gets an entry, and consumes it. It answers nothing if it gets none, or has lost it meanwhile."""

    operations = {"put", "take"}

    def __init__(self, client, request):
        self.queue = client.LockingQueue(request["path"])

    def put(self, request):
        self.queue.put(json.dumps(request["value"]).encode())

    def take(self, request):
        entry = self.queue.get(timeout=PAUSE)
        if entry is not None and self.queue.consume():
            return json.loads(entry)


class Barrier(Simple):
    operations = {"raise", "lift", "await"}

    def __init__(self, client, request):
        barrier = client.Barrier(request["path"])
        setattr(self, "raise", lambda request: barrier.create())
        setattr(self, "lift", lambda request: barrier.remove() and None)
        setattr(self, "await", lambda request: alone(request, barrier.wait) and None)


class DoubleBarrier(Simple):
    operations = {"enter", "leave"}

    def __init__(self, client, request):
        self.client = client
        self.barrier = client.DoubleBarrier(request["path"], request["value"]["parties"])

    def enter(self, request):
        self.gently(request, self.barrier.enter)
        if not self.barrier.participating:  # kazoo swallows the error
            raise exceptions.KazooException("did not get in")

    def leave(self, request):
        self.gently(request, self.barrier.leave)

    def gently(self, request, call):
        try:
            alone(request, call)
        except exceptions.CancelledError:
            for _ in range(10):  # what it has not made yet cannot be cleaned up
                if self.client.exists(self.barrier.create_path):
                    break
                time.sleep(PAUSE / 10)
            self.barrier._best_effort_cleanup()
            raise


class Counter(Simple):
    """kazoo's Counter adds; it cannot compare, which is done here with what it is made of."""

    operations = {"add", "cas", "read"}

    def __init__(self, client, request):
        self.client, self.path = client, request["path"]

    def counter(self):
        return self.client.Counter(self.path)  # one for each request: it keeps the last sum

    def add(self, request):
        counter = self.counter()
        counter += request["value"]["delta"]
        return {"value": counter.post_value}

    def cas(self, request):
        wanted = request["value"]
        self.client.sync(self.path)
        value, version = self.counter()._value()
        if value != wanted["from"]:
            raise Refused("mismatch", "it is %d" % value)
        try:
            self.client.set(self.path, b"%d" % wanted["to"], version=version)
        except exceptions.BadVersionError:
            raise Refused("mismatch", "it was changed meanwhile")

    def read(self, request):
        if request["value"]["kind"] == "fenced":
            self.fence()
        return {"value": self.counter().value}

    def fence(self):
        """A quorum answers this, and not a sync; also where the counter has no znode yet."""
        transaction = self.client.transaction()
        transaction.check(self.path, -1)
        for result in transaction.commit():
            if isinstance(result, Exception) and not isinstance(result, exceptions.NoNodeError):
                raise result


class Membership(Simple):
    """kazoo's Party, with a ChildrenWatch that tells when it may have changed. A member joins again in a new session:
    a Party leaves that to its user.
    """

    operations = {"join", "leave", "list", "changed"}

    def __init__(self, client, request):
        self.client, self.path = client, request["path"]
        self.told, self.news, self.watched, self.closed = [], threading.Event(), False, False
        self.party, self.lost = None, False
        client.add_listener(self.listen)

    def recipe(self, member=None):
        return self.client.Party(self.path, member)

    def join(self, request):
        party = self.recipe(request["value"]["member"])
        self.party = party
        party.join()

    def leave(self, request):
        party, self.party = self.party, None
        party.leave()

    def listen(self, state):  # on kazoo's own thread
        if state == KazooState.LOST:
            self.lost = True
        elif state == KazooState.CONNECTED and self.lost:
            self.lost = False
            spawn(self.rejoin, self.party)

    def rejoin(self, party):
        if party is not None:
            party.join()
            if self.party is not party:
                party.leave()

    def list(self, request):
        return {"members": self.members()}

    def members(self):
        return sorted(set(self.recipe()))

    def changed(self, request):
        if not self.watched:
            self.watched = True
            spawn(self.watch)
        self.told = request.until(self.others)
        return {"members": self.told}

    def watch(self):
        self.client.retry(self.client.ensure_path, self.path)
        self.client.ChildrenWatch(self.path, self.hear)

    def hear(self, children):  # on kazoo's own thread
        self.news.set()
        return not self.closed

    def others(self):
        if not self.news.wait(PAUSE):
            return None
        self.news.clear()
        try:
            members = self.members()
        except Exception:
            self.news.set()
            raise
        return members if members != self.told else None

    def close(self):
        self.closed = True
        self.client.remove_listener(self.listen)


class ShallowMembership(Membership):
    offers = ["snapshots"]  # one request reads the whole list

    def recipe(self, member=None):
        return self.client.ShallowParty(self.path, member)


class Config(Simple):
    """kazoo's DataWatch. An observe answers what it has told last, if that is new."""

    operations = {"set", "delete", "observe"}

    def __init__(self, client, request):
        self.client, self.path = client, request["path"]
        self.last, self.told, self.watched, self.closed = None, threading.Condition(), False, False

    def set(self, request):
        put(self.client, self.path, request["value"]["value"])

    def delete(self, request):
        remove(self.client, self.path)

    def observe(self, request):
        if not self.watched:
            self.watched = True
            spawn(self.client.DataWatch, self.path, self.hear)
        return request.until(self.next)

    def hear(self, data, stat):  # on kazoo's own thread
        with self.told:
            self.last = {"absent": True} if stat is None else {"value": data.decode()}
            self.told.notify()
        return not self.closed

    def next(self):
        with self.told:
            if self.last is None:
                self.told.wait(PAUSE)
            last, self.last = self.last, None
            return last

    def close(self):
        self.closed = True


class Cache(Simple):
    """kazoo's TreeCache. It tells when it is complete, and does not tell later when it is current."""

    offers, operations = ["never-current"], {"put", "remove", "look"}

    def __init__(self, client, request):
        self.client, self.path, self.complete = client, request["path"], threading.Event()
        self.cache = TreeCache(Rootless(client), self.path)
        self.cache.listen(self.hear)
        self.cache.listen_fault(lambda error: None)
        self.cache.start()

    def hear(self, event):
        if event.event_type == TreeEvent.INITIALIZED:
            self.complete.set()

    def node(self, request):
        name = request["value"]["node"]
        return self.path if name == "." else self.path + "/" + name

    def put(self, request):
        put(self.client, self.node(request), request["value"].get("value", ""))

    def remove(self, request):
        remove(self.client, self.node(request))

    def look(self, request):
        request.until(lambda: self.complete.wait(PAUSE) or None)
        shown = {}
        self.show(shown, self.path, "")
        return {"nodes": shown}

    def show(self, shown, path, name):
        data = self.cache.get_data(path)
        if data is not None:
            shown[name or "."] = data.data.decode()
        for child in self.cache.get_children(path, ()):
            self.show(shown, path + "/" + child, (name + "/" if name else "") + child)

    def close(self):
        self.cache.close()


class Rootless:
    """A client for a TreeCache, which would create its root: here only clients create znodes."""

    def __init__(self, client):
        self.client = client

    def __getattr__(self, name):
        return getattr(self.client, name)

    def ensure_path(self, path):
        pass


def put(client, path, value):
    """Sets the data of a znode, or creates it."""
    while True:
        try:
            client.set(path, value.encode())
            return
        except exceptions.NoNodeError:
            pass
        try:
            client.create(path, value.encode())
            return
        except exceptions.NodeExistsError:
            pass
        except exceptions.NoNodeError:
            raise Refused("no-node", "no parent of " + path)


def remove(client, path):
    try:
        client.delete(path)
    except exceptions.NoNodeError:
        pass
    except exceptions.NotEmptyError:
        raise Refused("error", path + " has children")


def alone(request, call):
    """Makes a call of kazoo that cannot be interrupted: who gives up leaves its thread behind."""
    future = futures.Future()

    def make():
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    spawn(make)
    request.until(lambda: True if futures.wait([future], PAUSE).done else None)
    return future.result()


def spawn(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()


# NonBlockingLease and MultiNonBlockingLease are not served: a lease ends by the clock and not with its session,
# and cannot be given back. Counter is the same with support_curator, but for the bytes that it writes.
RECIPES = {"lock": Lock, "rwlock": RWLock, "election": Election, "semaphore": Semaphore,
           "queue": Queue, "priority-queue": PriorityQueue, "barrier": Barrier,
           "double-barrier": DoubleBarrier, "counter": Counter, "membership": Membership,
           "partitioner": Partitioner, "config": Config, "cache": Cache, "locking-queue": LockingQueue}


class Adapter:
    def __init__(self):
        self.client, self.objects, self.running = None, {}, {}

    def open(self, request):
        if request["version"] != VERSION:
            raise Refused("version", "this adapter speaks version %d" % VERSION)
        client = KazooClient(
            hosts=",".join(request["servers"]), timeout=request["timeout_ms"] / 1000,
            randomize_hosts=False,  # the harness says where to begin
            connection_retry={"max_tries": -1, "delay": 0.05, "max_delay": 0.5})
        connected = client.start_async()
        try:
            request.until(lambda: connected.wait(PAUSE) or None)
        except exceptions.CancelledError:
            client.stop()
            raise
        self.client = client
        return {"version": VERSION, "name": "kazoo " + version.__version__, "offers": ["touch"]}

    def make(self, request):
        recipe = RECIPES.get(request["recipe"])
        if recipe is None:
            raise Refused("unsupported", "no recipe %r here" % request["recipe"])
        self.objects[request["object"]] = recipe(self.client, request)
        return {"offers": recipe.offers}

    def touch(self, request):
        transaction = self.client.transaction()
        transaction.check(request["path"], -1)
        for result in transaction.commit():
            if isinstance(result, Exception):
                raise result

    def close(self, request):
        self.objects.pop(request["object"]).close()

    def call(self, request):
        operation, subject = request["operation"], self.objects.get(request.get("object"))
        if subject is None:
            raise Refused("bad-request", "no object for %r" % operation)
        if operation not in subject.operations:
            raise Refused("unknown-op", "no operation %r here" % operation)
        value = getattr(subject, operation)(request)
        return {} if value is None else {"value": value}

    def refuse(self, request):
        raise Refused("unknown-op", "no request %r here" % request["op"])

    def answer(self, request):
        """Runs on a thread of its own."""
        reply = {"id": request["id"]}
        known = {"open": self.open, "make": self.make, "call": self.call,
                 "touch": self.touch, "close": self.close}
        try:
            reply["ok"] = known.get(request["op"], self.refuse)(request) or {}
        except Refused as error:
            reply["error"] = {"code": error.code, "message": str(error), "no_effect": True}
        except Exception as error:
            code = next((code for kind, code in CODES if isinstance(error, kind)), "error")
            reply["error"] = {"code": code, "message": "%s %s" % (type(error).__name__, error)}
        self.running.pop(request["id"], None)
        say(reply)

    def serve(self):
        for line in sys.stdin.buffer:
            try:
                request = Request(json.loads(line))
                op, number = request["op"], request["id"]
            except (ValueError, TypeError, KeyError):
                say({"error": {"code": "bad-request", "message": "no request", "no_effect": True}})
                continue
            if op == "ping":
                say({"id": number, "ok": {}})
            elif op == "cancel":
                self.running.get(number, request).cancel()
            elif op == "quit":
                self.end()
                say({"id": number, "ok": {}})
            else:
                self.running[number] = request
                threading.Thread(target=self.answer, args=(request,), daemon=True).start()
        self.end()

    def end(self):
        for subject in self.objects.values():
            subject.close()
        if self.client is not None:
            self.client.stop()
        self.client, self.objects = None, {}


saying = threading.Lock()


def say(reply):
    with saying:
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--shallow-party", action="store_true")
    if options.parse_args().shallow_party:
        RECIPES["membership"] = ShallowMembership
    Adapter().serve()
