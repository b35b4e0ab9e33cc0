"""How long a platform is asked, and what is said once it was in vain. Not here: asking (http)."""

from dataclasses import dataclass

from requests import RequestException

from pipelines.channels.base import ChannelError


@dataclass(frozen=True)
class Patience:
    """How long a request is tried: attempts, the longest pause between two, the longest wait for an answer (seconds)."""

    attempts: int = 9
    longest_pause: float = 60.0
    first_pause: float = 1.0
    timeout: float = 60.0


def in_words(channel: str, problem: Exception) -> ChannelError:
    """What went wrong with a channel, and what to do, as one sentence without a secret in it."""
    response = getattr(problem, "response", None)
    if response is not None and response.status_code in (401, 403):
        return ChannelError(
            f"{channel} refused the credentials ({response.status_code}); renew them and run `fulcast connect {channel}`."
        )
    if response is not None:
        return ChannelError(
            f"{channel} answered {response.status_code} {response.reason} again and again; the next run tries anew."
        )
    if isinstance(problem, RequestException):
        return ChannelError(f"{channel} can't be reached ({type(problem).__name__}); check its address, the next run tries anew.")
    return ChannelError(f"{channel}: {problem}")
