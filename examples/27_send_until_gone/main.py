# SPDX-License-Identifier: BSL-1.0
# Books loop over send() until a message is gone. sendall() is that loop; one of one's own is for what it cannot do,
# here a pace: no more than one piece each millisecond.

import socket
import threading
import time


def send_until_gone(s, message, piece, interval):
    """Sends `message` in pieces, one in each `interval` at the most, and says how many bytes that were."""
    sent = 0
    next_moment = time.monotonic()
    while sent < len(message):
        time.sleep(max(0, next_moment - time.monotonic()))
        sent += s.send(memoryview(message)[sent:sent + piece])
        next_moment += interval
    return sent


received = 0


def listen(s):
    global received
    while data := s.recv(65536):
        received += len(data)


here, there = socket.socketpair()
with here, there:
    listener = threading.Thread(target=listen, args=[there])
    listener.start()

    message = b"x" * (1 << 20)
    start = time.monotonic()
    print("piece by piece:", send_until_gone(here, message, 65536, 0.001), "bytes")
    print("no faster than asked:", "yes" if time.monotonic() - start >= 0.015 else "no")
    here.sendall(message)
    print("sendall:", len(message), "bytes")

    here.shutdown(socket.SHUT_WR)
    listener.join()
    print("received:", received, "bytes")
