"""kazoo's Counter adds twice if the connection is lost after the servers have added and before they have answered.

Usage: python3 reproduce.py HOST:PORT
"""
import contextlib
import socket
import struct
import sys
import threading
import uuid

import kazoo
from kazoo.client import KazooClient
from kazoo.exceptions import ConnectionLoss

SET_DATA = struct.pack(">i", 5)  # the type of the request

if len(sys.argv) != 2:
    sys.exit(__doc__.strip())
host, port = sys.argv[1].rsplit(":", 1)
path = "/counter-" + uuid.uuid4().hex
lost = threading.Event()


def frames(connection):
    with connection.makefile("rb") as stream:
        while len(size := stream.read(4)) == 4:
            yield size + stream.read(struct.unpack(">i", size)[0])


def requests(client, server, writes):
    with contextlib.suppress(OSError):
        for frame in frames(client):
            if frame[8:12] == SET_DATA:
                writes.add(frame[4:8])  # its number, which its reply has, too
            server.sendall(frame)


def replies(client, server, writes):
    with contextlib.suppress(OSError):
        for frame in frames(server):
            if frame[4:8] in writes and not lost.is_set():
                lost.set()
                break
            client.sendall(frame)
        client.shutdown(socket.SHUT_RDWR)
        server.shutdown(socket.SHUT_RDWR)


def proxy(listener):
    """Forwards connections to the server. Breaks the first one instead of forwarding its first reply to a setData."""
    while True:
        connections = listener.accept()[0], socket.create_connection((host, int(port))), set()
        for forward in (requests, replies):
            threading.Thread(target=forward, args=connections, daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=proxy, args=(listener,), daemon=True).start()
client = KazooClient("127.0.0.1:%d" % listener.getsockname()[1])
client.start()
counter = client.Counter(path)
try:
    counter += 1
    outcome = "returned"
except ConnectionLoss as error:  # an error would do: the caller knows that it may have added
    outcome = "raised %r" % error
print("kazoo %s: a reply was lost: %s; one += 1 has %s; the counter is %d; its znode has version %d" % (
    kazoo.__version__, lost.is_set(), outcome, client.retry(lambda: counter.value), client.get(path)[1].version))
if lost.is_set() and counter.value == 2:
    print("reproduced: the counter has added twice")
    sys.exit(1)
print("not reproduced")
