# Runs a program where seccomp(2) is refused: without_seccomp.py ERRNO PROGRAM ARGUMENT…
import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF on words of struct seccomp_data: the number stands first
SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
REFUSE, ALLOW = 0x00050000, 0x7FFF0000


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]


def step(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer(step(LOAD, 0) + step(JUMP_IF_EQUAL, SECCOMP_CALL, 0, 1) +
                                   step(RETURN, REFUSE | int(sys.argv[1])) + step(RETURN, ALLOW), 32)
program = Program(4, ctypes.addressof(code))
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0):
    sys.exit(f"no filter: errno {ctypes.get_errno()}")
os.execv(sys.argv[2], sys.argv[2:])
