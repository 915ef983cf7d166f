"""What hypothesis draws from: actions, plans, and texts that look like plans or nearly so."""

from hypothesis import strategies as st

from shadow_ros.actions import ACTIONS, Parameter
from shadow_ros.plan import Action, Plan

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
REPLIES = st.text(st.characters(exclude_characters='[]', exclude_categories=['Cs']), max_size=40)


def values(parameter: Parameter) -> st.SearchStrategy:
    """Return the values that a parameter can take, limits aside."""
    if parameter.kind == 'number':
        return NUMBERS
    return st.sampled_from(parameter.choices) if parameter.choices else st.booleans()


@st.composite
def actions(draw, names=tuple(ACTIONS)) -> Action:
    """Draw any action of the table; MOVE gets x, y or both."""
    row = ACTIONS[draw(st.sampled_from(sorted(names)))]
    given = {p.name: draw(values(p)) for p in row.parameters if p.required or draw(st.booleans())}
    if row.name == 'MOVE' and not {'x', 'y'} & given.keys():
        given['x'] = draw(NUMBERS)
    return Action.of(row.name, **given)


@st.composite
def plans(draw) -> Plan:
    """Draw any plan: nothing, REMOTE alone, or up to seven other actions; a reply or none."""
    if draw(st.integers(0, 9)) == 0:
        return Plan((Action.of('REMOTE'),), draw(REPLIES))
    others = set(ACTIONS) - {'REMOTE'}
    return Plan(tuple(draw(st.lists(actions(tuple(others)), max_size=7))), draw(REPLIES))


_PIECES = (
    *ACTIONS, *(name.lower().replace('_', ' ') for name in ACTIONS), '[', ']', '[', ']', '[[',
    ']]', '=', ' ', '\n', '\t', '\u3000', ',', ';', 'x', 'y', 'yaw', 'speed', 'level', 'on', 'x=',
    'yaw=', 'true', 'OFF', 'fast', 'normal', '1', '2.0', '-0', '+.5', '1e999', '1e-400',
    '9' * 400, 'nan', 'inf', '0x10', '1_0', '٣', '２', '−1', '2m', '90°', '90deg', '前', '🐕',
    '\x00', '\ud800', '\u202e', '{"actions": [', '"name"', 'OK',
)


def plan_like() -> st.SearchStrategy[str]:
    """Return texts made of the pieces of plans in any order, and of anything else."""
    return st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=4)),
                    max_size=14).map(''.join)
