#!/usr/bin/env python3
"""Tickets with numbers, drawn from a znode: a recipe of one's own, under test by zklab (docs/adapters.md).

    zklab run --object tickets.yaml --subject-command 'python3 tickets.py'
    zklab run --object tickets.yaml --subject-command 'python3 tickets.py --careless'

The lines and threads of an adapter are those of the adapter for kazoo (../kazoo/adapter.py).
"""
import os
import sys

from kazoo import exceptions

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kazoo"))
import adapter  # noqa: E402

CARELESS = "--careless" in sys.argv  # a mistake: the write does not check the version


class Tickets(adapter.Simple):
    operations = {"next", "last"}

    def __init__(self, client, request):
        self.client, self.path = client, request["path"]
        try:
            client.create(self.path, b"0")
        except exceptions.NodeExistsError:
            pass

    def next(self, request):
        return request.until(self.draw)

    def draw(self):
        last, stat = self.client.get(self.path)
        number = int(last) + 1
        try:
            self.client.set(self.path, b"%d" % number, version=-1 if CARELESS else stat.version)
        except exceptions.BadVersionError:  # another client was faster
            return None
        return number

    def last(self, request):
        return int(self.client.get(self.path)[0])


adapter.RECIPES = {"tickets": Tickets}
if __name__ == "__main__":
    adapter.Adapter().serve()
