"""How much may lie here that nobody reads, of one network and in all."""

import pytest

from app.cli.serving.connections import Connections, Patience


class Reader:
    """A connection that has not taken so much of its answer."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.unread_bytes = 0
        self.is_dropped = False
        self.looks = 0

    def waits_for_client(self) -> bool:
        return bool(self.unread_bytes)

    def look(self, now: float) -> None:
        self.looks += 1

    def drop(self) -> None:
        self.is_dropped = True


def connected(book: Connections, *peers: str) -> list[Reader]:
    made = [Reader(peer) for peer in peers]
    for reader in made:
        book.add(reader)
    return made


def unread(book: Connections, reader: Reader, size: int) -> None:
    reader.unread_bytes = size
    book.turned(reader)


def a_book(**more: int | str) -> Connections:
    bounds = {"unread_bytes": 1000, "unread_bytes_of_one_network": 100, **more}
    return Connections(most=100, patience=Patience(seconds=1), **bounds)  # type: ignore[arg-type]  # by name


def test_a_network_that_does_not_read_is_answered_no_more() -> None:
    """By whichever of its connections; others are; and so is this one once it has read."""
    book = a_book()
    [reader, neighbour, other] = connected(book, "10.0.0.1", "10.0.0.1", "10.0.0.2")
    unread(book, reader, 101)
    assert [book.answers_more(one) for one in (reader, neighbour, other)] == [False, False, True]
    unread(book, reader, 99)
    assert book.answers_more(neighbour)


def test_what_one_reads_meanwhile_is_noticed() -> None:
    book = a_book()
    [reader] = connected(book, "10.0.0.1")
    unread(book, reader, 101)
    reader.unread_bytes = 0
    book.look(0.0)
    assert book.answers_more(reader)


def test_behind_a_proxy_nobody_is_held_to_what_others_leave_unread() -> None:
    book = a_book(trusted_proxies="10.0.0.1")
    [reader, neighbour] = connected(book, "10.0.0.1", "10.0.0.1")
    unread(book, reader, 101)
    assert book.answers_more(neighbour)


@pytest.mark.parametrize("leaves", [False, True])
def test_of_too_much_in_all_the_heaviest_network_loses_its_heaviest(leaves: bool) -> None:
    """However it comes about; and what has gone, by itself or not, counts no more."""
    book = a_book(unread_bytes_of_one_network=10_000)
    [small, large, other] = readers = connected(book, "10.0.0.1", "10.0.0.1", "10.0.0.2")
    for reader, size in ((small, 400), (large, 500), (other, 600)):
        unread(book, reader, size)
    if leaves:
        book.remove(other)
    book.look(0.0)
    assert [reader.is_dropped for reader in readers] == [False, not leaves, False]
    book.remove(large)
    book.look(0.0)
    assert not small.is_dropped


def test_each_is_looked_at_once_in_as_many_looks_as_there_are_parts() -> None:
    """So that of thousands no look takes long."""
    book = a_book()
    readers = connected(book, *(f"10.0.0.{number}" for number in range(23)))
    for part in range(5):
        book.look(0.0, part=part, parts=5)
        assert 0 < sum(reader.looks for reader in readers) <= 5 * (part + 1)
    assert [reader.looks for reader in readers] == [1] * 23
