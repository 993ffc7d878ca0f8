# Calls the host of a virtual machine.
# expected: sandbox_violation
import socket
socket.socket(40, socket.SOCK_STREAM, 0)
