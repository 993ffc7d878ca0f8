# Asks the kernel about its networks.
# expected: sandbox_violation
import socket
socket.socket(16, socket.SOCK_RAW, 0)
