"""Messages of a recorded bag, to be played back: text topics and when they came."""

from pathlib import Path
from typing import Sequence

from shadow_ros.bags.reader import read_bags
from shadow_ros.errors import BagError, ConfigError

TOPICS = ('command', 'transcript', 'partial', 'plan')
"""What drives the graph; plans are left out when the commands that led to them are there."""

Message = tuple[float, str, str]
"""Seconds since the bag's first message, topic, text."""


def read_bag(path: Path) -> Sequence[Message]:
    """Return the commands of a rosbag2 folder (MCAP or sqlite3), or raise ConfigError."""
    try:
        found = read_bags([path], TOPICS)
    except BagError as error:
        raise ConfigError(str(error)) from None
    if found.troubles:
        raise ConfigError(f'expected a whole recording, got one that is damaged: '
                          f'{found.troubles[0]}; recover it first: shadow-ros bags recover')
    messages = found.messages
    if any(message.topic in ('command', 'transcript') for message in messages):
        messages = [message for message in messages if message.topic != 'plan']
    begin = min((message.stamp for message in messages), default=0)
    return [((message.stamp - begin) / 1e9, message.topic, message.text) for message in messages]
