"""The messages: every shape, by subject. All of it is made from fixed seeds."""

from message import Shape

from . import dots, eight_bit, envelopes, headers, lines, mime, sizes


def shapes() -> list[Shape]:
    """Every shape, each name once."""
    every = [
        shape for subject in (mime, headers, lines, dots, eight_bit, envelopes, sizes) for shape in subject.shapes()
    ]
    names = [shape.name for shape in every]
    assert len(names) == len(set(names)), "two shapes bear one name"
    return every
