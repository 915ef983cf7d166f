"""Messages of a recorded bag, to be played back: text topics and when they came."""

from pathlib import Path
from typing import Any, Sequence

from shadow_ros.errors import ConfigError

TOPICS = ('command', 'transcript', 'partial', 'plan')
"""What drives the graph; plans are left out when the commands that led to them are there."""

Message = tuple[float, str, str]
"""Seconds since the bag's first message, topic, text."""


def read_bag(path: Path) -> Sequence[Message]:
    """Return the commands of a rosbag2 folder (MCAP or sqlite3), or raise ConfigError."""
    try:
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.typesys import get_typestore, Stores
    except ImportError:
        raise ConfigError('playing a bag back needs rosbags, got none; pip install rosbags, or '
                          'write the messages into the scenario: [[0.0, command, "sit"]]') \
            from None
    found: list[tuple[int, str, str]] = []
    try:
        with AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
            wanted = [c for c in reader.connections
                      if c.topic.rsplit('/', 1)[-1] in TOPICS and c.msgtype.endswith('/String')]
            for connection, stamp, data in reader.messages(connections=wanted):
                message: Any = reader.deserialize(data, connection.msgtype)
                found.append((stamp, connection.topic.rsplit('/', 1)[-1], message.data))
    except (AnyReaderError, OSError, ValueError) as error:
        raise ConfigError(f'expected a rosbag2 folder, got {path}: {error}') from None
    if any(topic in ('command', 'transcript') for _, topic, _ in found):
        found = [item for item in found if item[1] != 'plan']
    begin = min((stamp for stamp, _, _ in found), default=0)
    return [((stamp - begin) / 1e9, topic, text) for stamp, topic, text in found]
