"""How a program that uses kazoo takes the end of its session: run it by pytest, or by python3 -m unittest.

It needs the command zklab on the PATH, which runs the ensemble and ends sessions. No server is stopped, and the
program under test needs no hook: its session is ended from outside.
"""

import subprocess
import threading
import unittest

from kazoo.client import KazooClient, KazooState

DEADLINE = 60  # seconds; it guards against hangs and is no part of what is tested


class Presence:
    """The program under test: it has a znode as long as it lives, and makes it anew in each session."""

    def __init__(self, servers, path):
        self.client = KazooClient(hosts=servers, timeout=30)
        self.path = path
        self.lost = threading.Event()
        self.back = threading.Event()
        self.client.add_listener(self.listen)

    def start(self):
        self.client.start(timeout=DEADLINE)
        self.client.create(self.path, ephemeral=True, makepath=True)

    def listen(self, state):
        if state == KazooState.LOST:
            self.lost.set()
        elif state == KazooState.CONNECTED and self.lost.is_set():
            self.client.handler.spawn(self.again)  # a listener must not wait for the client

    def again(self):
        self.client.create(self.path, ephemeral=True)
        self.back.set()

    def session(self):
        return hex(self.client.client_id[0])


class ExpiryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ensemble = subprocess.Popen(
            ["zklab", "ensemble", "up", "--nodes", "1", "--listen", "127.0.0.1:0", "--control", "none"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        cls.servers = cls.ensemble.stdout.readline().strip()  # once all servers serve

    @classmethod
    def tearDownClass(cls):
        cls.ensemble.terminate()
        cls.ensemble.communicate(timeout=DEADLINE)

    def expire(self, what):
        subprocess.run(["zklab", "ensemble", "expire", what, "--servers", self.servers], check=True, timeout=DEADLINE)

    def comes_back(self, path, expired):
        p = Presence(self.servers, path)
        p.start()
        self.addCleanup(p.client.close)
        self.addCleanup(p.client.stop)
        before = p.session()
        self.assertFalse(p.lost.is_set())
        self.expire(expired(p))
        self.assertTrue(p.lost.wait(DEADLINE), "the client is not told that its session has expired")
        self.assertTrue(p.back.wait(DEADLINE), "the program does not come back")
        self.assertNotEqual(before, p.session())
        self.assertEqual(p.client.get(path)[1].ephemeralOwner, p.client.client_id[0])

    def test_session_that_owns_a_znode(self):
        self.comes_back("/by-path/a", lambda p: p.path)

    def test_session_by_its_number(self):
        self.comes_back("/by-number/a", lambda p: p.session())


if __name__ == "__main__":
    unittest.main()
