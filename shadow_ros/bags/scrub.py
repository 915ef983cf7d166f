"""Scrubbing: what was said in a span of time is taken out of a bag; what was done stays."""

from dataclasses import dataclass, replace
import itertools
import json
from pathlib import Path
import re
import shutil
import time
from typing import Optional, Sequence

from shadow_ros.bags.cdr import decode_text, encode_text
from shadow_ros.bags.metadata import merged, METADATA, read_metadata, write_metadata
from shadow_ros.bags.reader import read_raw, TEXT
from shadow_ros.bags.salvage import Raw
from shadow_ros.bags.seal import journals, write_bag
from shadow_ros.errors import BagError

SPOKEN = ('command', 'transcript', 'partial', 'reply')
"""Topics whose messages are nothing but words."""

RECORDS = {'plan': ('text', 'reply'), 'event': ('reason',), 'feedback': ('text',),
           'comparison': ('text', 'edge', 'cloud')}
"""Topics whose messages have words in some of their fields."""

SOUND = ('audio',)
_CLOCK = re.compile(r'\d{1,2}:\d\d(:\d\d)?$')
_NUMBER = re.compile(r'\d+(\.\d+)?$')


@dataclass(frozen=True)
class Scrubbed:
    """What became of a bag's messages."""

    folder: Path
    removed: int
    blanked: int
    kept: int


def scrub(bag: Path, begin: str, end: str, words: bool = True, sound: bool = True,
          output: Optional[Path] = None) -> Scrubbed:
    """
    Take words and sound between two times out of a bag, or raise BagError.

    Times are local dates, clock times of the bag's first day, or seconds since its first message.
    The new bag takes the place of the old one only when it is complete.
    """
    if not bag.is_dir() or not (bag / METADATA).exists() or journals(bag):
        raise BagError(f'expected the folder of a finished recording, got {bag}; first: '
                       'shadow-ros bags recover')
    raws, troubles = read_raw(bag)
    if troubles:
        raise BagError(f'{bag} is damaged ({troubles[0]}), so it cannot be rewritten as a whole; '
                       'remove it, or what is private in it stays')
    if not raws:
        raise BagError(f'{bag} holds no messages')
    first, last = moment(begin, raws[0].stamp), moment(end, raws[0].stamp)
    if last < first:
        raise BagError(f'expected --from before --to, got {begin} and {end}')
    inside = [first <= raw.stamp <= last for raw in raws]
    rest = [_without(raw, words, sound) if within else raw
            for raw, within in zip(raws, inside)]
    kept = [raw for raw in rest if raw is not None]
    blanked = sum(new is not None and new is not old for new, old in zip(rest, raws))
    _rewrite(bag, kept, output)
    return Scrubbed(output or bag, len(rest) - len(kept), blanked, len(kept) - blanked)


def moment(text: str, first: int) -> int:
    """Return a time as ns since the epoch; `first` is when the bag begins."""
    text = text.strip()
    if _NUMBER.match(text):
        return first + int(float(text) * 1e9)
    if _CLOCK.match(text):
        text = time.strftime('%Y-%m-%d ', time.localtime(first / 1e9)) + text
    for form in ('%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M'):
        try:
            return int(time.mktime(time.strptime(text, form)) * 1e9)
        except ValueError:
            continue
    raise BagError(f'expected a time such as "2026-11-28 10:15", "10:15" or 90 (seconds since the '
                   f'beginning), got {text!r}')


def _without(raw: Raw, words: bool, sound: bool) -> Optional[Raw]:
    """Return a message without its words, None when nothing is left of it."""
    topic = raw.topic.rsplit('/', 1)[-1]
    if topic in SOUND:
        return None if sound else raw
    if not words or raw.kind != TEXT:
        return raw
    if topic in SPOKEN:
        return None
    if topic not in RECORDS:
        return raw
    try:
        data = json.loads(decode_text(raw.data))
    except (BagError, ValueError):
        return None  # no record: it may hold anything
    for key in RECORDS[topic]:
        if data.get(key):
            data[key] = ''
    if topic == 'plan':
        data['plan'] = re.sub(r'[^\]]*$', '', str(data.get('plan', '')))
    return replace(raw, data=encode_text(json.dumps(data, ensure_ascii=False)))


def _rewrite(bag: Path, messages: Sequence[Raw], output: Optional[Path]) -> None:
    """Write the messages as a bag of the same storage, beside or in place of the old one."""
    if not messages:
        raise BagError(f'nothing would be left of the bag; remove it: rm -r {bag}')
    information = read_metadata(bag)
    storage = information.get('storage_identifier', 'mcap')
    if output is None:
        swap_files(bag, messages, storage)
    elif output.exists():
        raise BagError(f'{output} exists already; name a folder that does not')
    else:
        write_bag(output, messages, storage)


def swap_files(bag: Path, messages: Sequence[Raw], storage: str) -> None:
    """Put one file with the messages in the place of a bag's files; metadata.yaml decides."""
    old = [Path(str(name)).name for name in read_metadata(bag)['relative_file_paths']]
    part = bag / '.part_scrub'
    write_bag(part, messages, storage)
    information = read_metadata(part)
    made = part / information['relative_file_paths'][0]
    name = next(name for number in itertools.count()
                if (name := f'{bag.name}_scrub{number}{"".join(made.suffixes)}') not in old)
    made.chmod(0o600)
    made.replace(bag / name)
    write_metadata(bag, merged({}, information, name))
    for path in (bag / gone for gone in old):
        path.unlink(missing_ok=True)
    shutil.rmtree(part)
