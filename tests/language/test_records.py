"""Records: what they accept, what they are."""

from __future__ import annotations

import pytest

from .support import error_of, text_of

USE = "(use (data@ (Name [type...])...) or (data@ Group [(Name [type...])...]))"
POINT = "(data@ (Point integer_ _)) "
NODE = "(Node 1 (Leaf 2) (Node 3 (Leaf 4) (Leaf 5)))"
TREE = "(data@ Tree (Leaf _) (Node _ Tree Tree)) "
SHAPE = "(data@ Shape (Round _) (Flat _)) "


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (POINT + "(cdr (Point 1 2))", "(1 2)"),
        (POINT + "(= (Point 1 2) (Point 1 2))", "true"),
        (POINT + '((atom "Point") 1 2)', "(Point 1 2)"),
        (
            POINT + "(data@ (Line Point Point)) (Line (Point 1 2) (Point 3 4))",
            "(Line (Point 1 2) (Point 3 4))",
        ),
        (SHAPE + "(data@ (Box Shape)) (Box (Flat 1))", "(Box (Flat 1))"),
        (TREE + NODE, NODE),
        ("(data@ (Box Lid) (Lid _)) (Box (Lid 1))", "(Box (Lid 1))"),
        ("(data@ (Box Lid)) (data@ (Lid _)) (Box (Lid 1))", "(Box (Lid 1))"),
        ("(class@ Lid (x)) (data@ (Box Lid)) (Box (Lid 1))", '(Box (Lid "x":1))'),
        (POINT + '(data@ (Box (Point _ string_))) (Box (Point 1 "a"))', '(Box (Point 1 "a"))'),
        (SHAPE + "(list Shape (type Shape))", "(Shape data_)"),
        (
            POINT + "(defpat f ([Point 1 y]) y) (defpat f (x) 'no) (list (f (Point 1 5)) (f (Point 2 5)))",
            "(5 no)",
        ),
        (
            SHAPE
            + "(defpat f ([Shape x]) x) (defpat f (x) 0) "
            + "(list (f (Flat 1)) (f (list (dictionary) 2)) (f (list (list 1) 2)))",
            "(1 0 0)",
        ),
    ],
)
def test_a_record_is_a_list_with_a_name(source, value):
    assert text_of(source) == value


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (POINT + "(Point 1)", "Error: Size mismatch between argument list and data structure definition"),
        (
            SHAPE + "(data@ (Box Shape)) (setq f (Flat 1)) (set@ f 0 (list 1)) (Box f)",
            "Error: Mismatch on argument: 1 (Shape required)",
        ),
        (POINT + "(Point 1.5 2)", "Error: Mismatch on argument: 1 (integer_ required)"),
        (
            POINT + "(data@ (Line Point)) (Line '(Point 1 2))",
            "Error: Mismatch on argument: 1 (Point required)",
        ),
        (TREE + "(Node 1 (Leaf 2) 3)", "Error: Mismatch on argument: 3 (Tree required)"),
        (
            POINT + "(data@ (Box (Point _ string_))) (Box (Point 1 2))",
            "Error: Mismatch on argument: 1 ((Point _ string_) required)",
        ),
        ("(data@ ())", f"Error: A data structure can only contain non empty lists {USE}"),
        ("(data@ (A 3))", f"Error: wrong slot in a data structure: '3' is neither _ nor a type {USE}"),
        ("(data@ (A _) (A _))", "Error: data structure has already been recorded: 'A'"),
    ],
)
def test_a_record_refuses_what_was_not_declared(source, error):
    assert error_of(source).text == error
