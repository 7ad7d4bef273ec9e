# SPDX-License-Identifier: BSL-1.0
"""without_io_uring.py PROGRAM [ARGUMENT...]: runs a program whose calls of io_uring(7) fail with EPERM, as the rules of
seccomp(2) that containers come with make them."""

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_WORD, JUMP_GE, RETURN = 0x20, 0x35, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000
EPERM = 1
FIRST, LAST = 425, 427  # io_uring_setup, io_uring_enter, io_uring_register: the same on every machine


def instruction(code, value, then=0, otherwise=0):
    return struct.pack("HBBI", code, then, otherwise, value)


program = b"".join([
    instruction(LOAD_WORD, 0),  # the number of the call
    instruction(JUMP_GE, FIRST, 0, 2),
    instruction(JUMP_GE, LAST + 1, 1, 0),
    instruction(RETURN, FAIL | EPERM),
    instruction(RETURN, ALLOW),
])
code = ctypes.create_string_buffer(program, len(program))
filter_program = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_program, 0, 0):
    sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
