"""metadata.yaml of a rosbag2 folder: read, written, added up and cut down."""

import json
from pathlib import Path
from typing import Any, Mapping, Sequence

import yaml

from shadow_ros.durable import replaced
from shadow_ros.errors import BagError

METADATA = 'metadata.yaml'
OURS = 'shadow_ros_counts'
"""The key of the custom data by which the recorder knows its bags: messages by file and topic."""

_INFORMATION = 'rosbag2_bagfile_information'
Information = dict[str, Any]


def read_metadata(folder: Path) -> Information:
    """Return what metadata.yaml says, {} where there is none, or raise BagError."""
    try:
        data = yaml.safe_load((folder / METADATA).read_text(encoding='utf-8'))
        return dict(data[_INFORMATION])
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError) as error:
        reason = ' '.join(str(error).split())[:120]
        raise BagError(f'{folder / METADATA} cannot be read: {reason}') from None


def write_metadata(folder: Path, information: Mapping[str, Any]) -> None:
    """Write metadata.yaml; it is the old one or the new one, whatever happens meanwhile."""
    text = yaml.safe_dump({_INFORMATION: dict(information)}, sort_keys=False, allow_unicode=True)
    with replaced(folder / METADATA) as fresh:
        fresh.write_text(text, encoding='utf-8')


def files_of(information: Mapping[str, Any]) -> list[str]:
    """Return the names of a bag's files, without the suffix of file compression."""
    return [str(name).removesuffix('.zstd')
            for name in information.get('relative_file_paths', [])]


def merged(whole: Information, part: Information, name: str) -> Information:
    """Return a recording's metadata with those of a bag of one file, which it holds as `name`."""
    files = [*whole.get('files', []), {**part['files'][0], 'path': name}]
    counts = {**_counts(whole), name: _by_topic(part)}
    topics: dict[str, Any] = {}
    for topic in (*whole.get('topics_with_message_count', []),
                  *part['topics_with_message_count']):
        key = topic['topic_metadata']['name']
        topics[key] = {**topic, 'message_count': _total(counts, key)}
    return {**part, **_about(files), 'topics_with_message_count': list(topics.values()),
            'custom_data': {**(part.get('custom_data') or {}), OURS: json.dumps(counts)}}


def without(information: Information, name: str) -> Information:
    """Return a recording's metadata less one of its files."""
    counts = {file: found for file, found in _counts(information).items() if file != name}
    topics = [{**topic, 'message_count': _total(counts, topic['topic_metadata']['name'])}
              for topic in information['topics_with_message_count']]
    return {**information, **_about([f for f in information['files'] if f['path'] != name]),
            'topics_with_message_count': topics,
            'custom_data': {**information['custom_data'], OURS: json.dumps(counts)}}


def _about(files: Sequence[Mapping[str, Any]]) -> Information:
    """Return what metadata.yaml says about all its files together."""
    begin = min((_begin(f) for f in files), default=0)
    end = max((_begin(f) + int(f['duration']['nanoseconds']) for f in files), default=begin)
    return {'relative_file_paths': [f['path'] for f in files], 'files': list(files),
            'starting_time': {'nanoseconds_since_epoch': begin},
            'duration': {'nanoseconds': end - begin},
            'message_count': sum(f['message_count'] for f in files)}


def _begin(file: Mapping[str, Any]) -> int:
    return int(file['starting_time']['nanoseconds_since_epoch'])


def _counts(information: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return dict(json.loads((information.get('custom_data') or {}).get(OURS, '{}')))


def _by_topic(information: Mapping[str, Any]) -> dict[str, int]:
    return {topic['topic_metadata']['name']: topic['message_count']
            for topic in information['topics_with_message_count']}


def _total(counts: Mapping[str, Mapping[str, int]], topic: str) -> int:
    return sum(found.get(topic, 0) for found in counts.values())
