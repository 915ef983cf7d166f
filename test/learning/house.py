"""A household for the tests: what the shipped shadow is held to, bags that teach it more."""

import json
from pathlib import Path
from typing import Sequence

from diary import BEGIN, raw, write

from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.standing import Base
from shadow_ros.phrases import language
from shadow_ros.plan import parse
from shadow_ros.records import Feedback, PlanRecord

FRAMES = ('{}', 'please {}', '{} now', 'could you {}', 'hey dog, {}', '{} please', 'now {}')
COMMANDS = {
    'sit down': '[SIT]', 'sit': '[SIT]', 'stand up': '[STAND]', 'lie down': '[LIE]',
    'turn left': '[TURN yaw=90]', 'turn right': '[TURN yaw=-90]', 'dance': '[DANCE]',
    'wave': '[HELLO]', 'stop': '[STOP]', 'do a flip': '[FRONT_FLIP]', '坐下': '[SIT]'}
_ALL = [(frame.format(words), plan) for words, plan in COMMANDS.items() for frame in FRAMES]
KNOWN = [pair for i, pair in enumerate(_ALL) if i % 5]
STANDING = [pair for i, pair in enumerate(_ALL) if not i % 5]  # like them, but never taught
TALK = [(text, '') for text in (
    'who are you', 'what a nice day', 'tell me a joke', "don't sit down", 'you are a good dog',
    'i sat down', 'how are you', '你好吗', 'good dog', 'a joke', 'who is this dog', 'what is this',
    'are you a robot', 'is it a nice day', 'you are funny', 'what a good boy', 'how old are you',
    'this is nice', 'tell me who you are', 'i am good', 'are we there')]
# Like TALK, but never taught.
SAFETY = [(text, '') for text in (
    'who are you dog', 'what a day', 'a nice day', 'tell a joke', 'how are you dog', 'a good dog',
    'you are a nice dog', 'are you good', 'what a joke', 'who is good', 'you are good')]
NEW = {'plonk yourself': '[SIT]', 'go flumpy': '[LIE]', 'up you hop': '[STAND]'}


class SmallBase(Base):
    """A base of some of what the shadow knows, in place of the corpus."""

    def replay(self, count: int, seed: int) -> list[Example]:
        """Return what it knows, again and again."""
        known = [example(*pair) for pair in (*KNOWN, *TALK)]
        return [known[i % len(known)] for i in range(count)]


def example(text: str, plan: str) -> Example:
    reply = 'OK.' if plan else 'I see.'
    return Example(text, f'{plan} {reply}'.strip(), language(text), 'known')


def base() -> SmallBase:
    def examples(pairs: Sequence[tuple[str, str]]) -> list[Example]:
        return [example(*pair) for pair in pairs]
    return SmallBase(examples(STANDING), examples(SAFETY))


def record(root: Path, labels: Sequence[tuple[str, str]], name: str = 'day',
           storage: str = 'mcap') -> Path:
    """Write a bag in which each text led to another plan and was corrected to this one."""
    messages = []
    for number, (text, plan) in enumerate(labels):
        wrong = '[LIE]' if plan != '[LIE]' else '[SIT]'
        told = PlanRecord(parse(wrong), f'{name}{number}', BEGIN / 1e9 + 60 * number, text=text)
        feedback = Feedback(told.id, False, plan, 'cli')
        messages += [raw(60 * number, 'plan', json.loads(told.to_json())),
                     raw(60 * number + 9, 'feedback', feedback.to_json())]
    write(root / name, messages, storage)
    return root / name


def household(root: Path) -> list[Path]:
    """Return the bags of three sessions in which the household's words were corrected."""
    said = [(frame.format(words), plan) for words, plan in NEW.items() for frame in FRAMES]
    said.sort(key=lambda pair: hash_of(pair[0]))
    return [record(root, said[i::3], f'session{i}', ('mcap', 'sqlite3')[i % 2])
            for i in range(3)]


def hash_of(text: str) -> int:
    """Return a number that shuffles texts the same way everywhere."""
    import zlib
    return zlib.crc32(text.encode())
