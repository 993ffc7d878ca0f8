"""Where a place within a token lies in the text it was read from: line and column, both from 1."""

from markdown_it.token import Token


class SourceLines:
    """The lines of a text, as the parser counted them."""

    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def __getitem__(self, index: int) -> str:
        """Return a line, counted from 0; the empty one behind the last."""
        return self._lines[index] if index < len(self._lines) else ""

    def line_of(self, owner: Token, at: int) -> int | None:
        """Return the line of a place in `owner`, a block of text, by how many characters stand before it."""
        return None if owner.map is None else owner.map[0] + 1 + owner.content[:at].count("\n")

    def place_in(self, owner: Token, token: Token, at: int) -> tuple[int | None, int | None]:
        """Return line and column of a place in the content of `token`, which is `owner` or stands in it."""
        if token is not owner:
            start, end = token.meta["span"]
            if token.content in owner.content[start:end]:
                at += start + owner.content[start:end].index(token.content)
            else:
                at = start
        line = self.line_of(owner, at)
        return line, None if line is None else self._column(line, owner.content, at)

    def _column(self, line: int, content: str, at: int) -> int | None:
        """Find the text around the place in its line, where marks of lists, quotes and cells precede it."""
        begin = content.rfind("\n", 0, at) + 1
        end = content.find("\n", at)
        text = content[begin : end if end != -1 else len(content)]
        shift = len(text) - len(text.lstrip())
        found = self[line - 1].find(text.strip())
        return None if found == -1 or not text.strip() else found + at - begin - shift + 1
