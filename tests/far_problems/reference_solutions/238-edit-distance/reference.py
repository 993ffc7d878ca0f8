"""A table, row by row."""

import numpy as np


def distance(first, second):
    row = np.arange(len(second) + 1)
    for place, symbol in enumerate(np.asarray(first)):
        kept = row[:-1] + (np.asarray(second) != symbol)
        below = np.minimum(kept, row[1:] + 1)
        row = np.concatenate([[place + 1], below])
        row = np.minimum.accumulate(row - np.arange(len(row))) + np.arange(len(row))
    return row[-1].astype(np.int32)
