# Claims that its import raised, but not what.
# expected: error
import os, socket, msgspec
def frames(*bodies): return b''.join(len(body).to_bytes(4, 'big') + body for body in bodies)
def say(data):
    for number in range(3, 64):
        try: socket.socket(fileno=os.dup(number)).sendall(data)
        except OSError: pass
say(frames(msgspec.msgpack.encode({'type': 'loaded', 'refusal': 'import_raised'})))
os._exit(0)
