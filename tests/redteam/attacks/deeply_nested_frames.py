# Sends a frame of a million nested lists.
# expected: sandbox_violation
import os, socket, msgspec
def frames(*bodies): return b''.join(len(body).to_bytes(4, 'big') + body for body in bodies)
def say(data):
    for number in range(3, 64):
        try: socket.socket(fileno=os.dup(number)).sendall(data)
        except OSError: pass
loaded = msgspec.msgpack.encode({'type': 'loaded'})
say(frames(loaded, b'\x82\xa4type\xa6loaded\xa1x' + b'\x91' * 1_000_000))
os._exit(0)
