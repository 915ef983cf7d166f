"""Any plan that a model wants to say, it can: what the grammar forces is cut as in training."""

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from scripted_model import actions, CODECS, decode

from shadow_ros.plan import Plan

REPLIES = ('On it!', '好的，马上！', 'Turning around now.', '😀 é', '7 m')
PLANS = st.one_of(
    st.builds(Plan, st.just(()), st.sampled_from(REPLIES)),
    st.builds(Plan, st.lists(actions(), min_size=1, max_size=2).map(tuple),
              st.sampled_from(('', *REPLIES))))


@pytest.mark.parametrize('kind', CODECS)
@settings(max_examples=150, deadline=None)
@given(plan=PLANS)
def test_wanted_plans_come_out(kind, plan) -> None:
    done, runtime, _ = decode(kind, str(plan))
    assert done.text.decode() == str(plan)
    assert done.actions.decode() == ''.join(str(action) for action in plan.actions)
    # Token by token as in training: a forced piece that is cut otherwise would be unknown to it.
    assert runtime.fed[1:] == runtime.target[:len(runtime.fed) - 1]
