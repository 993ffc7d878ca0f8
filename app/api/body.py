"""The body of a request to the API: an object with the fields that it may have, and few that it may not."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

_MOST_FIELDS = 20


class Body(BaseModel):
    """Refuses a field that nobody asked for; repeats nothing of what was sent, which may be a password."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, sent: Any) -> Any:
        # Each would be refused by itself, in words and milliseconds of the event loop.
        if isinstance(sent, dict) and len(sent) > _MOST_FIELDS:
            raise ValueError(f"an object here has at most {_MOST_FIELDS} fields")
        return sent
