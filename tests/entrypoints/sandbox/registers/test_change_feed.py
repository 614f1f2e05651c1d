"""What a register tells to those who follow it."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from entrypoints.sandbox.registers.change_feed import ChangeFeed


def written(start: int, stop: int) -> Sequence[str]:
    return [f"generated {each}" for each in range(start, stop)]


def test_who_follows_to_the_end_has_everything_in_its_order() -> None:
    feed = ChangeFeed()
    feed.add("first")
    feed.generate(0, 3, written)
    feed.add("last")

    assert feed.after(0, 10) == (
        ["first", "generated 0", "generated 1", "generated 2", "last"],
        5,
    )
    assert feed.after(2, 2) == (["generated 1", "generated 2"], 4)
    assert feed.after(5, 2) == ([], 5)


def test_what_changes_leaves_its_old_place() -> None:
    feed = ChangeFeed()
    first = feed.add("first")
    feed.generate(0, 2, written)
    feed.add("first, changed", instead_of=first)
    feed.add("generated 0, changed", instead_of=feed.change_of_generated(0))

    assert feed.after(0, 10) == (
        ["generated 1", "first, changed", "generated 0, changed"],
        5,
    )
    assert feed.change_of_generated(0) is None
    assert feed.entry(5) == "generated 0, changed"
    assert feed.entry(3) == "generated 1"


def test_nothing_is_told_to_who_is_ahead() -> None:
    feed = ChangeFeed()
    feed.add("first")

    assert feed.after(7, 10) == ([], 7)


PendingEvents = st.tuples(
    st.sampled_from(["new", "again", "many", "again of many"]), st.integers(0, 20)
)


@given(st.lists(PendingEvents, max_size=30), st.integers(1, 5))
def test_whoever_follows_page_by_page_has_each_thing_once_as_it_is_now(
    changes: Sequence[tuple[str, int]], most: int
) -> None:
    feed = ChangeFeed()
    single: dict[str, int] = {}
    texts: dict[str, str] = {}
    generated = 0
    for at, (kind, which) in enumerate(changes):
        match kind:
            case "new":
                name = f"single {at}"
                texts[name] = name
                single[name] = feed.add(name)
            case "many":
                feed.generate(generated, which, written)
                for each in range(generated, generated + which):
                    texts[f"generated {each}"] = f"generated {each}"
                generated += which
            case "again" if single:
                name = sorted(single)[which % len(single)]
                texts[name] = f"{name}, changed by {at}"
                single[name] = feed.add(texts[name], instead_of=single[name])
            case "again of many" if generated:
                place = which % generated
                name = f"generated {place}"
                before = single.get(name, feed.change_of_generated(place))
                texts[name] = f"{name}, changed by {at}"
                single[name] = feed.add(texts[name], instead_of=before)

    told: list[str] = []
    reached = 0
    while reached < feed.newest:
        page, further = feed.after(reached, most)
        assert further > reached
        assert len(page) <= most
        told += page
        reached = further

    assert sorted(told) == sorted(texts.values())
