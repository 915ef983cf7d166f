"""
What a robot and a backbone's server say to each other: JSON over HTTP, checked on both sides.

    POST /v1/plan    PlanRequest -> PlanAnswer
    GET  /v1/about   -> About

Every error is a Problem, in the form that OpenAI's clients know too.
"""

from typing import Annotated, Any, Mapping

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shadow_ros.actions import TABLE_VERSION
from shadow_ros.intent.prompt import MAX_TURNS

PROTOCOL = 1
"""Raised when a robot of today could no longer speak to a server of tomorrow."""

ABOUT, PLAN, CHAT, MODELS = '/v1/about', '/v1/plan', '/v1/chat/completions', '/v1/models'
SERVICE = 'shadow_ros'

MAX_TEXT = 1600  # characters of a command
MAX_PLAN = 1000  # characters of a plan
MAX_ANSWER = 65_536  # bytes of an answer that a robot reads
MAX_REQUEST = 65_536  # bytes of a request that a server reads
LONGEST_DEADLINE_MS = 30_000


def _encodable(value: Any) -> Any:
    """Return the text without halves of characters, which JSON can hold and UTF-8 cannot."""
    return value.encode('utf-8', 'replace').decode() if isinstance(value, str) else value


def _whole(value: Any) -> Any:
    """Return the number as JSON means it: 1.0 is whole, true and "1" are no numbers."""
    if isinstance(value, (bool, str)):
        raise ValueError('must be a whole number')
    return value


Text = Annotated[str, BeforeValidator(_encodable)]
Whole = Annotated[int, BeforeValidator(_whole)]


class Strict(BaseModel):
    """A message whose unknown keys are an error: who sent them meant something by them."""

    model_config = ConfigDict(extra='forbid', frozen=True)


class Lenient(BaseModel):
    """A message of the other side, whose later versions may add keys."""

    model_config = ConfigDict(extra='ignore', frozen=True)


class Turn(Strict):
    """What was said before, and the text of the plan that answered it."""

    user: Text = Field(max_length=MAX_TEXT, examples=['turn left'])
    plan: Text = Field(max_length=MAX_PLAN, examples=['[TURN yaw=90]'])


class PlanRequest(Strict):
    """A command that the edge hands over; `turns` are oldest first, `posture` may be unknown."""

    text: Text = Field(max_length=MAX_TEXT, pattern=r'\S', examples=['walk in a square'])
    turns: tuple[Turn, ...] = Field(default=(), max_length=MAX_TURNS)
    posture: Text = Field(default='', max_length=20, examples=['stand'])
    deadline_ms: Whole = Field(default=4000, ge=50, le=LONGEST_DEADLINE_MS)
    protocol: Whole = Field(default=PROTOCOL, ge=1, le=1000)
    table: Whole = Field(default=TABLE_VERSION, ge=1, le=1000)


class PlanAnswer(Lenient):
    """
    The plan's text, how sure the backbone is, which model it was and where the time went.

    `timing_ms` holds `queue` (until the model began) and `total`.
    """

    plan: str = Field(max_length=MAX_PLAN)
    confidence: float = Field(ge=0.0, le=1.0)
    model: str = Field(max_length=200)
    timing_ms: Mapping[str, float] = Field(default_factory=dict)


class About(Lenient):
    """Who answers: asked when a robot attaches, and when it looks whether the server is back."""

    service: str = SERVICE
    protocol: int = PROTOCOL
    table: int = TABLE_VERSION
    model: str = Field(max_length=200)
    turns: int = 0


class Fault(Lenient):
    """What went wrong, for people and for programs."""

    message: str
    type: str = ''
    code: str = ''


class Problem(Lenient):
    """The body of every answer that is not a success."""

    error: Fault


def problem(message: str, code: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {'error': {'message': message, 'type': code, 'code': code}}
