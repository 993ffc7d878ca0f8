"""Which system calls a child may make: a filter, compiled once with libseccomp into a BPF program.

An allow list: what JAX, NumPy and CPython on the CPU need. A call outside it fails with EPERM, one
that only an attack would make ends the process, as does any 32-bit or x32 entry.
"""

import errno
import tempfile
from functools import lru_cache

import pyseccomp as seccomp

# Not memfd_create: where no control group counts a run's memory, nothing would count such a file.
ALLOWED_SYSTEM_CALLS = """
    read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek sendfile
    copy_file_range splice open openat openat2 close close_range creat stat fstat lstat newfstatat statx
    statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd chdir fchdir
    mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat chmod
    fchmod fchmodat truncate ftruncate fallocate fsync fdatasync utime utimes utimensat futimesat umask
    fadvise64 sync_file_range dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 epoll_create
    epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 timerfd_create
    timerfd_settime timerfd_gettime signalfd signalfd4 mmap munmap mremap mprotect madvise msync mincore
    brk mlock munlock membarrier futex futex_waitv set_robust_list get_robust_list rseq set_tid_address
    arch_prctl fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getuid
    geteuid getgid getegid getresuid getresgid getgroups getpgid getpgrp setpgid getsid setsid capget kill
    tkill tgkill rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo
    rt_sigsuspend rt_tgsigqueueinfo sigaltstack pause alarm setitimer getitimer restart_syscall
    clock_gettime clock_getres clock_nanosleep gettimeofday time times nanosleep timer_create
    timer_settime timer_gettime timer_getoverrun timer_delete getrlimit setrlimit getrusage getpriority
    sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler
    sched_get_priority_max sched_get_priority_min sched_getattr getcpu sysinfo uname getrandom sendto
    recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown getsockname getpeername getsockopt setsockopt
    pidfd_open pidfd_send_signal prlimit64 prctl
""".split()

FATAL_SYSTEM_CALLS = """
    ptrace process_vm_readv process_vm_writev process_madvise kcmp bpf perf_event_open userfaultfd
    io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key mount umount2 pivot_root
    chroot move_mount open_tree fsopen fsmount fsconfig fspick mount_setattr unshare setns reboot
    kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff settimeofday
    clock_settime adjtimex clock_adjtime iopl ioperm acct quotactl sethostname setdomainname
    open_by_handle_at name_to_handle_at lookup_dcookie personality modify_ldt bind connect listen accept
    accept4 pidfd_getfd
""".split()

ALLOWED_FILE_COMMANDS = (0, 1, 2, 3, 4, 1030, 1031, 1032)
"""fcntl commands: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ.

Never a lock, a lease or a watch. With these, as with flock and inotify, two runs could talk to each
other over the package files that both of them read.
"""
_AF_UNIX = 1
_CLONE_NEW_ANY = 0x7E020080
"""Every CLONE_NEW* flag that `clone` takes: time, mount, cgroup, UTS, IPC, user, PID, net."""
ALLOWED_TERMINAL_QUERIES = (0x5401, 0x5413, 0x541B, 0x5421, 0x5451, 0x5450)
"""ioctl requests: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX. Never TIOCSTI."""


@lru_cache(maxsize=1)
def compiled_filter() -> bytes:
    """Return the filter as an array of `struct sock_filter`, for `prctl(PR_SET_SECCOMP)`.

    Raises:
        OSError: libseccomp refused a rule.
    """
    rules = seccomp.SyscallFilter(defaction=seccomp.ERRNO(errno.EPERM))
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    for name in ALLOWED_SYSTEM_CALLS:
        _add(rules, seccomp.ALLOW, name)
    for name in FATAL_SYSTEM_CALLS:
        _add(rules, seccomp.KILL_PROCESS, name)
    _add_conditional(rules)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add(rules: seccomp.SyscallFilter, action: int, name: str, *conditions: seccomp.Arg) -> None:
    try:
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
    except (ValueError, OSError):
        return
    if number >= 0:  # Negative: this architecture never had the call.
        rules.add_rule(action, name, *conditions)


def _add_conditional(rules: seccomp.SyscallFilter) -> None:
    arg = seccomp.Arg
    # glibc falls back to clone, whose flags can be seen here; clone3's lie behind a pointer.
    _add(rules, seccomp.ERRNO(errno.ENOSYS), "clone3")
    _add(rules, seccomp.ALLOW, "clone", arg(0, seccomp.MASKED_EQ, _CLONE_NEW_ANY, 0))
    # Any other family would have the kernel load its module, even where no pair of it can be made.
    _add(rules, seccomp.ALLOW, "socketpair", arg(0, seccomp.EQ, _AF_UNIX))
    _add(rules, seccomp.ALLOW, "socket", arg(0, seccomp.EQ, _AF_UNIX))
    _add(rules, seccomp.KILL_PROCESS, "socket", arg(0, seccomp.NE, _AF_UNIX))
    for command in ALLOWED_FILE_COMMANDS:
        _add(rules, seccomp.ALLOW, "fcntl", arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, command))
    for request in ALLOWED_TERMINAL_QUERIES:
        _add(rules, seccomp.ALLOW, "ioctl", arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
