# Sends a pickle that would run a command where it is loaded.
# expected: sandbox_violation
import os, socket, msgspec
def frames(*bodies): return b''.join(len(body).to_bytes(4, 'big') + body for body in bodies)
def say(data):
    for number in range(3, 64):
        try: socket.socket(fileno=os.dup(number)).sendall(data)
        except OSError: pass
import pickle
class Bomb:
    def __reduce__(self): return os.system, ('touch /tmp/owned',)
say(frames(pickle.dumps(Bomb())))
def shift(seed, x): return x
