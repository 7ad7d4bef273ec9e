# SPDX-License-Identifier: BSL-1.0
# Options of a socket: numbers, and structures as their bytes. The kernel answers with what it made of a wish.

import os
import socket
import struct
from socket import IP_TTL, IPPROTO_TCP, SO_LINGER, SO_SNDBUF, SO_TYPE, SOL_IP, SOL_SOCKET, TCP_CONGESTION

with socket.socket() as s:
    s.setsockopt(SOL_SOCKET, SO_SNDBUF, 65535)
    print("a send buffer of 65535 bytes became", s.getsockopt(SOL_SOCKET, SO_SNDBUF))
    s.setsockopt(SOL_IP, IP_TTL, 32)
    print("packets are dropped after", s.getsockopt(SOL_IP, IP_TTL), "hops")
    print("the kind of this socket is", socket.SocketKind(s.getsockopt(SOL_SOCKET, SO_TYPE)).name)

    s.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 7))
    on, seconds = struct.unpack("ii", s.getsockopt(SOL_SOCKET, SO_LINGER, struct.calcsize("ii")))
    print(f"lingering is {'on' if on else 'off'}, for {seconds} seconds")

    congestion = s.getsockopt(IPPROTO_TCP, TCP_CONGESTION, 16)
    s.setsockopt(IPPROTO_TCP, TCP_CONGESTION, congestion)
    print("an option that is a name:",
          "as before" if s.getsockopt(IPPROTO_TCP, TCP_CONGESTION, 16) == congestion else "changed")
    try:
        s.setsockopt(SOL_SOCKET, SO_SNDBUF, b"no")
    except OSError as error:
        print("two bytes are no number:", os.strerror(error.errno))
