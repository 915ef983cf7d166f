"""
Tokenizers made elsewhere, given the prompt's markers.

A published model has trained tokens that mean what our markers mean (`<|im_start|>`: a user
speaks), so those are renamed and no row of its embeddings is new. Only where it has none is a
token added.
"""

import json
from pathlib import Path
from typing import Any, Mapping, Union

from tokenizers import Tokenizer

from shadow_ros.errors import ModelError
from shadow_ros.intent.prompt import END, MARKERS, PAD, PLAN, USER
from shadow_ros.intent.tokens import Codec, TOKENIZER_FILE
from shadow_ros.shadow.files import read_json

ALIKE: Mapping[str, tuple[str, ...]] = {
    PAD: ('<|endoftext|>', '<pad>', '<|finetune_right_pad_id|>'),
    USER: ('<|im_start|>', '<|start_header_id|>', '<start_of_turn>'),
    PLAN: ('<tool_call>', '<|python_tag|>', '<|object_ref_start|>'),
    END: ('<|im_end|>', '<|eot_id|>', '<end_of_turn>', '</s>'),
}
"""Which tokens of Qwen, Llama and Gemma stand in for each marker, the best first."""


def adopt(folder: Union[str, Path]) -> Codec:
    """Return the tokenizer of a model folder with the prompt's markers, or raise ModelError."""
    path = Path(folder) / TOKENIZER_FILE
    data = read_json(path)
    _check_byte_level(data, path)
    names = {entry['content'] for entry in data.get('added_tokens', [])}
    renamed = {}
    for marker in MARKERS:
        if marker not in names:
            found = next((token for token in ALIKE[marker] if token in names), None)
            if found is not None:
                renamed[found] = marker
    for entry in data.get('added_tokens', []):
        entry['content'] = renamed.get(entry['content'], entry['content'])
    vocabulary = data.get('model', {}).get('vocab')
    if isinstance(vocabulary, dict):
        data['model']['vocab'] = {renamed.get(k, k): v for k, v in vocabulary.items()}
    data['post_processor'] = None  # it may name tokens by their old names; it is never used
    try:
        tokenizer = Tokenizer.from_str(json.dumps(data))
    except Exception as error:  # tokenizers raises bare Exception for a broken file
        raise ModelError(f'{path} is not a tokenizer ({error}); copy it again') from None
    tokenizer.add_special_tokens([m for m in MARKERS if tokenizer.token_to_id(m) is None])
    return Codec(tokenizer, path)


def _check_byte_level(data: Mapping[str, Any], path: Path) -> None:
    """Raise ModelError unless every text can be written, which constrained decoding needs."""
    if 'ByteLevel' not in json.dumps([data.get('decoder'), data.get('pre_tokenizer')]):
        raise ModelError(f'{path} must be a byte-level tokenizer, as those of Qwen and Llama 3 '
                         'are; plans cannot be decoded under the grammar with another')
