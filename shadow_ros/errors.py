"""The errors of shadow_ros: one base, one child for each party at fault."""

import difflib
from typing import Iterable


class ShadowRosError(Exception):
    """
    Base of every error that shadow_ros raises on purpose.

    Its text is one sentence or two for the user: what was expected, what came, what to do.
    """


class PlanError(ShadowRosError, ValueError):
    """The text or JSON of a plan does not follow the action language."""


class ConfigError(ShadowRosError, ValueError):
    """A parameter, option or configuration file is wrong."""


class ModelError(ShadowRosError):
    """A model folder is missing, incomplete or does not fit this version."""


class AudioError(ShadowRosError):
    """A sound file, microphone or recogniser cannot be used."""


class BagError(ShadowRosError):
    """A recording cannot be read, written or used as it must."""


class RobotError(ShadowRosError):
    """The robot, its network or its service does not answer as it must."""


class CloudError(ShadowRosError):
    """
    The backbone's server did not answer as it must.

    `why` names the phrase that tells the user (`cloud_slow` and its like), `retry` says that
    asking again may help at once; `status` is that of HTTP, 0 where it did not come to that.
    """

    def __init__(self, text: str, why: str, retry: bool = False) -> None:
        super().__init__(text)
        self.why = why
        self.retry = retry
        self.status = 0


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?`, or the list of what is known, for the end of an error text."""
    choices = sorted(known)
    near = difflib.get_close_matches(name.lower(), [c.lower() for c in choices], n=1)
    if near:
        return f'; did you mean {next(c for c in choices if c.lower() == near[0])}?'
    return '; known are: ' + ', '.join(choices)


def shorten(text: str, limit: int = 60) -> str:
    """Return the text quoted, cut in the middle of nowhere with an ellipsis past `limit`."""
    return repr(text if len(text) <= limit else text[:limit] + '…')
