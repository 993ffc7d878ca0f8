"""Frames and arrays survive the way, whole or in pieces; anything else is refused."""

import contextlib
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from sandbox.arrays import BadArray, WireArray, pack_array, unpack_array
from sandbox.interface import CallResult, Finished, Loaded, Report
from sandbox.wire import BadFrame, FrameReader, frame

_DTYPES = ["bool", "int8", "uint16", "int32", "int64", "float16", "float32", "float64", "complex64"]
_arrays = st.sampled_from(_DTYPES).flatmap(
    lambda name: hnp.arrays(np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
_reports: st.SearchStrategy[Report] = st.one_of(
    st.builds(Finished, wall_seconds=st.floats(0, 1e6)),
    st.builds(Loaded, message=st.text()),
    st.builds(
        CallResult,
        index=st.integers(0, 100),
        wall_seconds=st.floats(0, 1e6),
        arrays=st.dictionaries(st.text(max_size=9), _arrays.map(pack_array), max_size=3),
        notes=st.tuples(st.text()),
    ),
)


_EMPTY = WireArray(dtype="int8", shape=(0,), data=b"")


def _reader(limit_bytes: int = 1 << 20) -> FrameReader[Report]:
    return FrameReader(msgspec.msgpack.Decoder(Report), limit_bytes=limit_bytes)


@given(_arrays)
def test_an_array_comes_back_as_it_was(array: NDArray[np.generic]) -> None:
    """Every bit, the payload of a NaN included; and a type that is written as ever, for who prints it."""
    back = unpack_array(pack_array(array))
    assert (repr(back.dtype), back.shape, back.tobytes()) == (
        repr(array.dtype),
        array.shape,
        array.tobytes(),
    )


@given(hnp.arrays(np.float32, hnp.array_shapes(max_side=5), elements=st.floats(-100, 100, width=16)))
def test_bfloat16_is_widened_exactly(array: NDArray[np.float32]) -> None:
    """bfloat16 is the upper half of a float32."""
    upper = (array.view(np.uint32) >> 16).astype(np.uint16)
    wire = WireArray(dtype="bfloat16", shape=array.shape, data=upper.tobytes())
    expected = (upper.astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(unpack_array(wire), expected)


@given(
    dtype=st.sampled_from([*_DTYPES, "bfloat16", "object", "|O", "V8", "datetime64[s]", ""]),
    shape=st.lists(st.integers(-2, 1 << 40), max_size=5),
    data=st.binary(max_size=64),
)
def test_a_forged_array_is_refused_or_consistent(dtype: str, shape: list[int], data: bytes) -> None:
    """Whatever a frame claims, memory is only ever taken for bytes that came."""
    try:
        array = unpack_array(WireArray(dtype=dtype, shape=tuple(shape), data=data))
    except BadArray:
        return
    assert math.prod(shape) == array.size
    assert array.size <= len(data)


def test_object_arrays_are_never_packed() -> None:
    with pytest.raises(BadArray, match="object"):
        pack_array(np.array([object()], dtype=object))


@given(st.lists(_reports, max_size=5), st.data())
def test_messages_survive_any_cutting(messages: list[Report], data: st.DataObject) -> None:
    """A socket may deliver a frame in any pieces."""
    stream = b"".join(frame(message) for message in messages)
    reader, got = _reader(), list[Report]()
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        got += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert [frame(message) for message in got] == [frame(message) for message in messages]


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_waited_for(garbage: bytes) -> None:
    """No bytes of a hostile sender raise anything but `BadFrame`."""
    with contextlib.suppress(BadFrame):
        list(_reader().feed(garbage))


def test_text_that_is_not_utf_8_is_refused() -> None:
    """The decoder has an exception of its own for it."""
    body = b"\x82\xa4type\xa6loaded\xa7message\xa1\xff"
    with pytest.raises(BadFrame, match="utf-8"):
        list(_reader().feed(len(body).to_bytes(4, "big") + body))


@pytest.mark.parametrize(
    "forged",
    [
        Loaded(message="a" * 8001),
        CallResult(index=0, wall_seconds=0.0, not_an_array="a" * 8001),
        CallResult(index=0, wall_seconds=0.0, notes=("a",) * 9),
        CallResult(
            index=0, wall_seconds=0.0, arrays={"": WireArray(dtype="int8", shape=(1,) * 65, data=b"")}
        ),
        CallResult(index=0, wall_seconds=0.0, arrays={"a" * 401: _EMPTY}),
        CallResult(index=0, wall_seconds=0.0, arrays={str(name): _EMPTY for name in range(10_001)}),
        CallResult(index=0, wall_seconds=0.0, stages={str(name): _EMPTY for name in range(1_001)}),
    ],
)
def test_a_report_longer_than_any_honest_one_is_refused(forged: Report) -> None:
    """What is stored with a verdict and shown has a bound."""
    with pytest.raises(BadFrame, match="length"):
        list(_reader().feed(frame(forged)))


def test_of_a_name_that_is_sent_twice_the_last_array_counts() -> None:
    """A map of msgpack may hold one key several times, and what reads it must not be of two minds."""
    arrays = [msgspec.msgpack.encode(pack_array(np.array([number], np.int8))) for number in (1, 2)]
    body = msgspec.msgpack.encode(CallResult(index=0, wall_seconds=0.0, arrays={}))
    forged = body.replace(b"\xa6arrays\x80", b"\xa6arrays\x82" + b"".join(b"\xa1a" + one for one in arrays))
    [report] = _reader(1 << 20).feed(len(forged).to_bytes(4, "big") + forged)
    assert isinstance(report, CallResult)
    assert {name: array.data for name, array in report.arrays.items()} == {"a": b"\x02"}


def test_an_oversized_frame_is_refused_from_its_header() -> None:
    with pytest.raises(BadFrame, match="above the limit"):
        list(_reader(limit_bytes=1000).feed((1 << 31).to_bytes(4, "big")))


def test_a_flood_of_small_frames_is_refused() -> None:
    small = frame(Finished(wall_seconds=0.0))
    reader = _reader(limit_bytes=10 * len(small))
    for _ in range(10):
        list(reader.feed(small))
    with pytest.raises(BadFrame, match="more bytes"):
        list(reader.feed(small))
