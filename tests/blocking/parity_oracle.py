# SPDX-License-Identifier: BSL-1.0
"""The public names of CPython's socket module, and of its class socket as `socket.NAME`."""
import socket

for name in dir(socket):
    if not name.startswith("_"):
        print(name)
for name in dir(socket.socket):
    if not name.startswith("_"):
        print("socket." + name)
