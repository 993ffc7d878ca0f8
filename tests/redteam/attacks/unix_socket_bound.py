# Binds an abstract socket for another run to call.
# expected: sandbox_violation
import socket
socket.socket(socket.AF_UNIX).bind('\0meet-me')
