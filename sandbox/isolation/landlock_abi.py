"""Which Landlock the running kernel has; asked inside the jail and by `doctor`."""

import ctypes

CREATE_RULESET = 444
"""The system call's number, the same on every architecture (the kernel's syscall tables)."""
_CREATE_RULESET_VERSION = 1


def landlock_abi() -> int:
    """The version of its interface; 0 where the kernel has none, or has it switched off at boot."""
    # Answers -1 for ENOSYS (not built in), EOPNOTSUPP (not enabled) and EPERM (an outer filter).
    libc = ctypes.CDLL(None)
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)))
