"""A slow network in front of a server: a proxy that passes on so many bits a second, not more."""
import socket
import threading
import time

# Small, so that a connection's buffers hold little more than a real link's would.
PIECE_BYTES = 16 * 1024
BUFFER_BYTES = 128 * 1024


class Bucket:
    """Hands out bytes at a steady rate to whoever asks, in the order of asking."""

    def __init__(self, bytes_per_s, clock=time.monotonic, sleep=time.sleep):
        self.bytes_per_s, self.clock, self.sleep = bytes_per_s, clock, sleep
        self.free_at = clock()
        self.lock = threading.Lock()

    def take(self, count):
        """Returns when `count` bytes may go."""
        with self.lock:
            # What was not used is lost after a moment: a link does not save up.
            start = max(self.free_at, self.clock() - 0.01)
            self.free_at = start + count / self.bytes_per_s
            wait = self.free_at - self.clock()
        if wait > 0:
            self.sleep(wait)


class ThrottledProxy:
    """Listens on the loopback and connects through. All connections share the rate, each direction
    its own."""

    def __init__(self, target, megabits_per_s):
        host, port = target.rsplit(":", 1)
        self.target = (host, int(port))
        bytes_per_s = megabits_per_s * 1e6 / 8
        self.up, self.down = Bucket(bytes_per_s), Bucket(bytes_per_s)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.connections = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Wakes accept(). Whoever is still connected has ended by now or will be cut off.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += [client, server]
            left = _Countdown(2, client, server)
            for source, sink, bucket in ((client, server, self.up), (server, client, self.down)):
                thread = threading.Thread(target=self._pump, args=(source, sink, bucket, left))
                self.threads.append(thread)
                thread.start()

    @staticmethod
    def _pump(source, sink, bucket, left):
        try:
            while piece := source.recv(PIECE_BYTES):
                bucket.take(len(piece))
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        left.done()


class _Countdown:
    """Closes both ends once both directions are over."""

    def __init__(self, count, *ends):
        self.count, self.ends, self.lock = count, ends, threading.Lock()

    def done(self):
        with self.lock:
            self.count -= 1
            if self.count == 0:
                for end in self.ends:
                    end.close()
