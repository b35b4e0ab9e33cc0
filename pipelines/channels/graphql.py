"""What a GraphQL answer says went wrong. Here: any platform's errors, which come with a status of 200. Not here: what to do about one."""

from typing import Any

from pipelines.channels.http import plain


def first_error(content: bytes) -> tuple[str, str] | None:
    """Message and code of an answer's first error; None where there is none."""
    errors = plain(content).get("errors") if b'"errors"' in content else None
    if not errors:
        return None
    first: dict[str, Any] = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {"message": str(errors)}
    return str(first.get("message", "")), str((first.get("extensions") or {}).get("code", ""))
