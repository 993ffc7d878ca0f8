# Sleeping thread that outlives the call.
# expected: wrong_parameters, wrong_value
import threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
def shift(seed, x):
    return x
