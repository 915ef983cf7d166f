"""Bags for the tests: messages of a made-up day, written by rosbags itself or by the recorder."""

import json
from pathlib import Path
from typing import Iterable, Optional, Sequence

from shadow_ros.bags.cdr import encode_text
from shadow_ros.bags.reader import TEXT
from shadow_ros.bags.salvage import Raw

BEGIN = 1_780_000_000 * 10 ** 9  # ns


def raw(at: float, topic: str, text: object) -> Raw:
    """Return a text message (or a record as JSON), `at` seconds after the beginning."""
    data = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return Raw(BEGIN + int(at * 1e9), f'/shadow/{topic}', TEXT, encode_text(data))


def small_day(count: int = 200) -> list[Raw]:
    """Return messages with texts of every kind, ten a second."""
    topics = ('command', 'plan', 'event', 'state')
    return [raw(i / 10, topics[i % 4], f'message {i}: 坐下 {"ab" * (i % 37)} é')
            for i in range(count)]


def write(path: Path, messages: Iterable[Raw], storage: str = 'mcap', version: int = 9,
          compression: str = '', chunk: Optional[int] = None) -> Path:
    """Write a bag as rosbags' own users do; return its only file."""
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores
    types = get_typestore(Stores.ROS2_KILTED)
    writer = Writer(path, version=version, storage_plugin=StoragePlugin[storage.upper()])
    if compression:
        writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    with writer:
        lines: dict = {}
        for number, message in enumerate(messages):
            if message.topic not in lines:
                lines[message.topic] = writer.add_connection(
                    message.topic, message.kind, typestore=types)
            writer.write(lines[message.topic], message.stamp, message.data)
            if chunk and (number + 1) % chunk == 0:
                writer.storage.close_chunk()  # small chunks, to damage some of many
    return next(file for file in path.iterdir() if file.name != 'metadata.yaml')


def told(messages: Sequence[Raw]) -> list[tuple[int, str, bytes]]:
    """Return what tells messages apart, in an order of its own."""
    return sorted((m.stamp, m.topic, m.data) for m in messages)
