"""kazoo's LockingQueue cannot be used again once its session ended while it held an entry.

Usage: python3 reproduce.py HOST:PORT
"""
import sys
import threading
import uuid

import kazoo
from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError
from kazoo.protocol.states import KazooState

if len(sys.argv) != 2:
    sys.exit(__doc__.strip())
path = "/queue-" + uuid.uuid4().hex
worker, other = KazooClient(sys.argv[1]), KazooClient(sys.argv[1])
worker.start()
other.start()
queue, others = worker.LockingQueue(path), other.LockingQueue(path)
queue.put_all([b"first", b"second"])
print("the worker gets %s" % queue.get())

lost, connected = threading.Event(), threading.Event()
worker.add_listener(lambda state: lost.set() if state == KazooState.LOST else lost.is_set() and connected.set())
thief = KazooClient(sys.argv[1], client_id=worker.client_id)  # takes the session over,
thief.start()
thief.stop()  # and ends it: for the worker it has expired
if not connected.wait(60):
    sys.exit("the worker has no new session after 60 s")

print("another worker gets %s and consumes it: %s" % (others.get(10), others.consume()))
raised = []
for call in (queue.holds_lock, queue.consume, queue.release):
    try:
        print("%s returns %s" % (call.__name__, call()))
    except NoNodeError:
        raised.append(call.__name__)
        print("%s raises NoNodeError" % call.__name__)
again = queue.get(10)
print("kazoo %s: the worker's next get returns %s; %d entry is in the queue" % (kazoo.__version__, again, len(queue)))
if raised or again == b"first":
    print("reproduced: the queue neither tells that the lock is lost nor gives anything but the entry that is gone")
    sys.exit(1)
print("not reproduced")
