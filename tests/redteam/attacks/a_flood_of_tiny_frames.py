# Keeps the supervisor busy with frames that say nothing.
# expected: sandbox_violation
import os, socket, msgspec
def frames(*bodies): return b''.join(len(body).to_bytes(4, 'big') + body for body in bodies)
def say(data):
    for number in range(3, 64):
        try: socket.socket(fileno=os.dup(number)).sendall(data)
        except OSError: pass
loaded = msgspec.msgpack.encode({'type': 'loaded'})
while True: say(frames(loaded) * 9999)
