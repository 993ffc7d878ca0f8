# Claims an array of a million dimensions, each as long as can be.
# expected: sandbox_violation
import os, socket, msgspec
def frames(*bodies): return b''.join(len(body).to_bytes(4, 'big') + body for body in bodies)
def say(data):
    for number in range(3, 64):
        try: socket.socket(fileno=os.dup(number)).sendall(data)
        except OSError: pass
call = lambda index, **more: msgspec.msgpack.encode({'type': 'call', 'index': index, 'wall_seconds': 0.1, **more})
def shift(seed, x):
    say(frames(call(0, arrays={'': {'type': 'array', 'dtype': 'float32', 'shape': [2**63] * 1_000_000, 'data': b''}})))
    os._exit(0)
