"""Work behind the thread that answers lets go of the interpreter soon and leaves Python's rule as it was."""

import sys

from lispe_kernel.torch_library.support.behind import SWITCH, behind


def test_the_rule_is_shorter_inside_and_as_before_at_the_end_of_the_last():
    before = sys.getswitchinterval()
    first, second = behind(), behind()
    first.__enter__()
    second.__enter__()
    assert sys.getswitchinterval() <= SWITCH * 1.001
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() <= SWITCH * 1.001
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == before
