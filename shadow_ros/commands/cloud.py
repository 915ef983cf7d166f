"""A backbone to ask from the command line, one question at a time."""

from pathlib import Path
from queue import SimpleQueue
from typing import Callable, Optional, TYPE_CHECKING, TypeVar, Union

import click

from shadow_ros.errors import CloudError, ConfigError

if TYPE_CHECKING:
    from shadow_ros.cloud.client import Answer
    from shadow_ros.cloud.policy import Question

_Command = TypeVar('_Command', bound=Callable[..., object])
_ATTACH_SECONDS = 20.0


class Cloud:
    """A server that was reached; a context, so that it is hung up in the end."""

    def __init__(self, url: str, token_file: Optional[Path], certificate: str, model: str,
                 deadline: float) -> None:
        try:
            from shadow_ros.cloud.link import Link, LinkOptions
        except ModuleNotFoundError as error:
            raise ConfigError(f'--backbone needs {error.name}, which is not installed: '
                              "pip install 'shadow_ros[cloud]'") from None
        self._link = Link(LinkOptions(url, deadline, str(token_file or ''), certificate,
                                      model=model))
        try:
            self._link.attach().result(_ATTACH_SECONDS)
        except BaseException:
            self._link.close()
            raise

    def __enter__(self) -> 'Cloud':
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def ask(self, question: 'Question') -> 'Answer':
        """Return the answer, or raise CloudError."""
        found: SimpleQueue[Union[Answer, CloudError]] = SimpleQueue()
        self._link.ask(question, found.put, found.put)
        answer = found.get()
        if isinstance(answer, CloudError):
            raise answer
        return answer


def options(function: _Command) -> _Command:
    """Give a command the options of a backbone."""
    for decorate in reversed((
            click.option('--backbone', metavar='URL',
                         help='A backbone to ask what is beyond the edge: shadow-ros serve, or '
                              'any server of the OpenAI API.'),
            click.option('--token-file', type=click.Path(path_type=Path), metavar='F',
                         help='File with the token for the backbone.'),
            click.option('--certificate', default='', metavar='F|sha256:...',
                         help='The only certificate that the backbone may have.'),
            click.option('--backbone-model', default='', metavar='M',
                         help='Model to ask there, where there are several.'),
            click.option('--deadline', default=10.0, show_default=True,
                         type=click.FloatRange(0.1, 30.0), metavar='SECONDS',
                         help='How long the backbone may take.'),
            click.option('--policy', default='unsure', show_default=True,
                         type=click.Choice(['remote', 'unsure']),
                         help='Ask what is beyond the edge, or what it is unsure of, too.'))):
        function = decorate(function)
    return function
