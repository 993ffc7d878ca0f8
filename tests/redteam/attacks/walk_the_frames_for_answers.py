# Looks for the expected numbers in every object and frame that it can reach.
# expected: wrong_parameters, wrong_value
import gc, sys
def shift(seed, x):
    frame, found = sys._getframe(), []
    while frame := frame.f_back: found += [str(value) for value in frame.f_locals.values()]
    found += [type(thing).__name__ for thing in gc.get_objects()]
    assert not any('ReferenceOutput' in text or 'expected' in text for text in found)
    return x
