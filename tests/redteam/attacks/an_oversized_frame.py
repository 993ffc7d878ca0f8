# Announces a frame of four gigabytes.
# expected: sandbox_violation
import os, socket, msgspec
def frames(*bodies): return b''.join(len(body).to_bytes(4, 'big') + body for body in bodies)
def say(data):
    for number in range(3, 64):
        try: socket.socket(fileno=os.dup(number)).sendall(data)
        except OSError: pass
loaded = msgspec.msgpack.encode({'type': 'loaded'})
say(frames(loaded) + b'\xff\xff\xff\xffab')
os._exit(0)
