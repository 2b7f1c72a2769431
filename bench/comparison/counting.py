"""A way to the relay that counts what goes through it, and can be cut."""
import socket
import threading
import time

from comparison.throttle import ThrottledProxy


class _Count:
    """Stands where a throttle has its buckets."""

    def __init__(self):
        self.bytes, self.waiting, self.lock = 0, [], threading.Lock()

    def take(self, count):
        now = time.monotonic()
        with self.lock:
            self.bytes += count
            due = [one for one in self.waiting if self.bytes >= one[0]]
            self.waiting = [one for one in self.waiting if self.bytes < one[0]]
        for _, call in due:
            call(now)

    def at(self, count, call):
        """Calls call(time) once that many bytes have come in."""
        with self.lock:
            self.waiting.append((count, call))


class CountingProxy(ThrottledProxy):
    """Passes on as fast as it can. `up` is what comes from those who connect to it."""

    def __init__(self, target):
        super().__init__(target, 1)
        self.up, self.down = _Count(), _Count()

    def __exit__(self, *whatever):
        self.cut()  # those who are still connected may wait for each other
        super().__exit__(*whatever)

    def cut(self):
        """Breaks every connection that stands; those that come later stand."""
        broken, self.connections = self.connections, []
        for one in broken:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
