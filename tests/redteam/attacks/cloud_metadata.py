# Asks the cloud for its credentials over UDP.
# expected: sandbox_violation
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('169.254.169.254', 80))
