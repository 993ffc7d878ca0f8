"""Calls that are traced first are handed other values than their case had."""

import numpy as np
import pytest

from app.grading.plan.unseen import with_other_values
from sandbox.arrays import pack_array, unpack_array
from sandbox.interface import Call

_IMAGE = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
_LABELS = np.arange(5, dtype=np.int32)
_MASK = np.array([True, False])


@pytest.mark.parametrize("secret", ["a reference", "another", ""])
def test_no_value_stays_and_each_is_of_its_kind(secret: str) -> None:
    arrays = tuple(map(pack_array, (_IMAGE, _LABELS, _MASK, _IMAGE)))
    call = Call(function="f", arguments=(1.5, *arrays), unseen=(1, 2, 3))
    given = with_other_values(call, secret).arguments
    image, labels = (unpack_array(given[place]) for place in (1, 2))  # type: ignore[arg-type]
    assert (image.dtype, image.shape, labels.dtype) == (_IMAGE.dtype, _IMAGE.shape, _LABELS.dtype)
    assert not np.any((image == _IMAGE) & (_IMAGE != 0))
    assert 0 <= min(image.ravel().tolist()) <= max(image.ravel().tolist()) < 1
    assert sorted(labels.tolist()) == sorted(_LABELS.tolist())
    assert not np.any(labels == _LABELS)
    assert (given[0], given[3], given[4]) == (1.5, arrays[2], arrays[3])
    assert with_other_values(call, secret) == with_other_values(call, secret)
