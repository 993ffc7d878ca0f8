"""Standard output and error of a run: read as they come, kept up to a limit."""

import os


class CapturedOutput:
    """The reading end of one pipe. `overflowed` once the run wrote more than `limit_bytes`."""

    def __init__(self, descriptor: int, limit_bytes: int) -> None:
        self.descriptor = descriptor
        self._limit_bytes = limit_bytes
        self._kept = bytearray()
        self._seen_bytes = 0
        self._keeps = True
        self.overflowed = False
        os.set_blocking(descriptor, False)

    def read_available(self) -> bool:
        """Take what is there now; False once every writer has closed.

        Nothing waits for the end of the stream: a process that was left behind could hold it open.
        """
        while not self.overflowed:
            try:
                data = os.read(self.descriptor, 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._seen_bytes += len(data)
            self.overflowed = self._seen_bytes > self._limit_bytes
            if self._keeps:
                self._kept += data[: self._limit_bytes - len(self._kept)]
        return False

    def stop_keeping(self) -> None:
        """Throw away what comes from here on; it still counts."""
        self._keeps = False

    def start_anew(self) -> None:
        """Forget what has come so far."""
        self._kept.clear()
        self._seen_bytes = 0

    @property
    def text(self) -> str:
        """Invalid UTF-8 and NUL become the replacement character."""
        return self._kept.decode(errors="replace").replace("\x00", "\ufffd")
