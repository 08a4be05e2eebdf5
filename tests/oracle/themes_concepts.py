"""Themes of random programs: ontologies. See theme.py."""

from tests.oracle.theme import theme

NAMES = ("animal", "bird", "fish", "pet", "wild", "stone")


@theme
def concepts(g, rng):
    """Concepts made on others, combined, enriched, emptied; what holds and what is shared."""
    yield '(setq onto (ontology "things"))'
    made = []
    for name in rng.sample(NAMES, rng.randint(3, 6)):
        base = rng.sample(made, min(len(made), rng.randint(0, 2)))
        given = {0: "", 1: " ".join(base), 2: f"(list {' '.join(base)})"}[len(base)]
        yield f'(setq c_{name} (ontology_create onto "{name}" {given}))'
        made.append(f"c_{name}")
    yield "(defun names_in (c) (ontology_list c))"
    yield f"(setq comb ({g.pick('&', '|', '^', '&~')} {g.pick(*made)} {g.pick(*made)}))"
    for _ in range(7):

        def one(depth=1):
            if depth and rng.random() < 0.4:
                return f"({g.pick('&', '|', '^', '&~')} {one(0)} {one(0)})"
            return g.pick(
                *made, "comb", f"(~ {g.pick(*made)})", f'(ontology_concept onto "{g.pick(*NAMES)}")'
            )

        several = g.pick(one(), f"(list {one(0)} {one(0)})")
        changed = g.pick(*made)
        yield (
            "show (maybe "
            + g.pick(
                f"(names_in {one()})",
                f"(names_in {one()})",
                f"(ontology_contain {one()} {several})",
                f"(ontology_intersect {one()} {one()})",
                f"(eq {one()} {one()})",
                f"(ontology_find onto {one()})",
                f"(ontology_absurdp {one()})",
                "(ontology_all onto)",
                f"(block (ontology_add {changed} {several}) (names_in {changed}))",
                f"(block (ontology_remove {changed} {several}) (names_in {changed}))",
                f"(ontology_add {changed} {several})",
                "(ontology_absurdp (ontology_absurd onto))",
                f"(size (ontology_list {one()}))",
                f'(ontology_concept onto "{g.pick(*NAMES)}")',
                f'(ontology_create onto "{g.pick(*NAMES, "late")}" {several})',
                f"(& {one()} {g.int_(0)})",
                f"(ontology_list {g.int_(0)})",
                f"(map names_in (list {one()} {one()}))",
                f"(if (ontology_contain {one()} {changed}) 'yes 'no)",
                f"(eq (~ (& {one(0)} {changed})) (| (~ {changed}) (~ comb)))",
                f"(names_in ({g.pick('&', '|')} {one()} {one(0)} {one(0)}))",
            )
            + " 'err)"
        )
