"""Answers in JSON, straight from the domain's values."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response


class JsonAnswer(Response):
    """Encodes msgspec structs, enums, moments and plain containers."""

    media_type = "application/json"

    def __init__(
        self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)
