"""
Plans as JSON for language models of others: the schema of the action table, and what they answer.

Every parameter is required and may be null: so the strict form of OpenAI's schemas wants it, and
engines that decode under a schema take it, too.
"""

import json
import re
from typing import Any, Mapping

from shadow_ros.actions import ACTIONS, ActionSpec, MAX_ACTIONS, Parameter
from shadow_ros.errors import CloudError, PlanError, shorten
from shadow_ros.plan import parse, Plan

_THOUGHTS = re.compile(r'<think>.*?</think>', re.S)
_FENCE = re.compile(r'```(?:json)?\s*(.*?)```', re.S)


def plan_schema() -> dict[str, Any]:
    """Return the JSON schema of a plan; REMOTE is left out: nobody is further away."""
    return _object({
        'actions': {'type': 'array', 'maxItems': MAX_ACTIONS, 'items': {
            'anyOf': [_action(row) for row in ACTIONS.values() if row.name != 'REMOTE']}},
        'reply': {'type': 'string', 'description': "what the dog says, in the user's language"}})


def _action(row: ActionSpec) -> dict[str, Any]:
    return {'description': row.meaning, **_object({
        'name': {'type': 'string', 'enum': [row.name]},
        **{p.name: _parameter(p) for p in row.parameters}})}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    kind = {'number': 'number', 'flag': 'boolean'}.get(parameter.kind, 'string')
    known: dict[str, Any] = {'type': kind if parameter.required else [kind, 'null']}
    if parameter.choices:
        known['enum'] = [*parameter.choices, *(() if parameter.required else (None,))]
    if parameter.unit:
        known['description'] = f'in {parameter.unit}, at most {parameter.limit:g} either way'
    return known


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {'type': 'object', 'properties': dict(properties), 'required': list(properties),
            'additionalProperties': False}


def read_plan(text: str) -> Plan:
    """Return the plan that a model's answer holds, as JSON or as tags, or raise CloudError."""
    words = _THOUGHTS.sub('', text).strip()
    fenced = _FENCE.search(words)
    words = fenced[1].strip() if fenced else words
    try:
        return _from_json(words) if words.startswith('{') else parse(words)
    except (ValueError, RecursionError, TypeError) as error:
        said = str(error) if isinstance(error, PlanError) else 'it is no JSON'
        raise CloudError(f'the answer is no plan ({said}): {shorten(words)}', 'broken') from None


def _from_json(text: str) -> Plan:
    data = json.loads(text)
    actions = [{k: v for k, v in action.items() if v is not None} if isinstance(action, dict)
               else action for action in data.get('actions', ())]
    reply = data.get('reply') or ''
    if isinstance(reply, str):
        reply = reply.replace('[', '(').replace(']', ')')
    return Plan.from_dict({'actions': actions, 'reply': reply})
