"""The packer: what it finds, what it refuses, and what holds whatever it is given."""

from collections import defaultdict
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engine.placement import place
from inference.engine.places import MOST_TAKEN, WHOLE, CannotPlace, Machine, Need, Place

H8 = Machine("h8", (80.0,) * 8)
H2 = Machine("h2", (80.0,) * 2)
H0 = Machine("h0")


def need(server: str, *machines: Machine, share: float | None = 0.49, **values: object) -> Need:
    return Need(server, tuple(machine.name for machine in machines), share=share, **values)  # type: ignore[arg-type]


def gpus(places: list[Place]) -> list[list[int]]:
    return [[index for _, index in found.gpus] for found in places]


def test_two_to_a_gpu_in_order() -> None:
    places = place([need(f"m{i}", H8) for i in range(16)], [H8])
    assert gpus(places) == [[i // 2] for i in range(16)]
    assert {found.share for found in places} == {0.49}


def test_groups_come_before_what_fits_anywhere() -> None:
    places = place([need("small", H8), need("wide", H8, share=0.9, gpus=4)], [H8])
    assert gpus(places) == [[4], [0, 1, 2, 3]]


def test_fit_takes_what_the_weights_and_the_cache_need() -> None:
    (on_80,) = place([need("m", H8, share=None, gb_each=26.1)], [H8])
    assert on_80.share == 0.33
    (on_40,) = place([need("m", Machine("h", (40.0,)), share=None, gb_each=26.1)], [Machine("h", (40.0,))])
    assert on_40.share == 0.66


def test_fit_in_a_group_is_measured_by_its_smallest_gpu() -> None:
    mixed = Machine("mixed", (80.0, 40.0))
    (found,) = place([need("m", mixed, share=None, gb_each=20, gpus=2)], [mixed])
    assert (gpus([found]), found.share) == ([[0, 1]], 0.5)


def test_gpus_that_are_named_are_taken() -> None:
    places = place([need("a", H8), need("b", H8, pinned=(0,), share=0.9)], [H8])
    assert gpus(places) == [[1], [0]]


def test_earlier_choices_are_taken_back_where_they_lead_nowhere() -> None:
    # First fit decreasing puts 0.44 beside 0.34 and then has no room for the last one.
    shares = [0.44, 0.34, 0.34, 0.3, 0.3, 0.24]
    places = place([need(str(i), H2, share=share) for i, share in enumerate(shares)], [H2])
    sums: dict[int, float] = defaultdict(float)
    for found, share in zip(places, shares, strict=True):
        sums[found.gpus[0][1]] += share
    assert max(sums.values()) <= 0.98 + 1e-9


def test_servers_without_gpus_are_spread_over_the_cpu_hosts() -> None:
    other = Machine("other")
    places = place([need(str(i), H0, other) for i in range(3)], [H0, other])
    assert places == [Place("h0"), Place("other"), Place("h0")]


def test_more_gpus_than_a_host_has_are_spread_where_that_is_allowed() -> None:
    other = Machine("other", (80.0,) * 4)
    wide = need("wide", H2, other, share=0.9, gpus=4)
    small = need("small", H2, share=0.3)
    (single,) = place([wide], [H2, other], may_span=True)
    assert not single.spans
    five = need("five", H2, other, share=0.9, gpus=5)
    (spread,) = place([five], [H2, other], may_span=True)
    assert spread.spans
    assert spread.gpus == (("h2", 0), ("h2", 1), ("other", 0), ("other", 1), ("other", 2))
    with pytest.raises(CannotPlace):
        place([five], [H2, other])
    with pytest.raises(CannotPlace):
        # Ray gives whole GPUs away.
        place([need("six", H2, other, share=0.3, gpus=6), small], [H2, other], may_span=True)


def test_a_refusal_has_the_arithmetic() -> None:
    with pytest.raises(CannotPlace) as caught:
        place(
            [need("a", H2), need("b", H2), need("big", H2, share=0.3, gpus=1), need("wide", H2, share=0.9, gpus=2)],
            [H2],
        )
    assert caught.value.server == "a"
    assert str(caught.value) == (
        "needs 0.49 of the memory of 1 GPU, and no host has that free:\n"
        "  h2, GPU 0: 0.98 × 80 GB − 72.0 for wide = 6.4 GB free; 0.49 × 80 GB = 39.2 GB is needed\n"
        "  h2, GPU 1: 0.98 × 80 GB − 72.0 for wide = 6.4 GB free; 0.49 × 80 GB = 39.2 GB is needed"
    )


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (need("m", H2, share=0.99), "0.98 × 80 GB = 78.4 GB free; 0.99 × 80 GB = 79.2 GB is needed"),
        (need("m", H2, weights_gb=70.5), "0.49 × 80 GB = 39.2 GB is less than the 70.5 GB of weights on it"),
        (need("m", H2, gpus=4), "  h2 has 2 GPUs, and 4 are needed"),
        (need("m", H2, share=None, gb_each=90), "needs 90.0 GB on 1 GPU, and no host has that free:"),
        (need("m", H2, share=None, gb_each=90, gpus=2), "needs 90.0 GB on 2 GPUs each (2 × 90.0 = 180.0 GB)"),
        (need("m", H2, pinned=(3,)), "of the memory of 1 GPU (number 3), and no host has that free"),
    ],
)
def test_what_cannot_fit_is_refused(wanted: Need, message: str) -> None:
    with pytest.raises(CannotPlace) as caught:
        place([wanted], [H2])
    assert message in str(caught.value)


def test_a_refusal_by_many_hosts_stays_short() -> None:
    hosts = [Machine(f"h{i}", (80.0,) * 8) for i in range(3)]
    with pytest.raises(CannotPlace) as caught:
        place([need("m", *hosts, share=0.99)], hosts)
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (18, "  and 8 more like these")


def test_a_fleet_of_a_thousand_servers_has_its_places() -> None:
    host = Machine("h", (80.0,) * 600)
    assert len({found.gpus for found in place([need(f"m{i}", host, share=0.49) for i in range(1200)], [host])}) == 600


machines = st.lists(st.lists(st.sampled_from([24.0, 40.0, 80.0]), max_size=4), min_size=1, max_size=3).map(
    lambda hosts: [Machine(f"h{i}", tuple(gpus)) for i, gpus in enumerate(hosts)]
)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Need], list[Machine]]:
    hosts = draw(machines)
    names = [host.name for host in hosts]
    needs = []
    for index in range(draw(st.integers(0, 7))):
        allowed = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        share = draw(st.none() | st.sampled_from([0.1, 0.3, 0.33, 0.49, 0.9, 0.98]))
        gb = draw(st.floats(1, 60))
        needs.append(Need(f"s{index}", tuple(allowed), draw(st.sampled_from([1, 1, 1, 2, 4])), share, gb))
    return needs, hosts


@given(fleets(), st.booleans())
def test_nothing_is_ever_taken_twice(fleet: tuple[list[Need], list[Machine]], may_span: bool) -> None:
    needs, hosts = fleet
    try:
        places = place(needs, hosts, may_span=may_span)
    except CannotPlace as error:
        assert error.server in {each.server for each in needs}
        return
    by_name = {host.name: host for host in hosts}
    taken: dict[tuple[str, int], float] = defaultdict(float)
    for each, found in zip(needs, places, strict=True):
        assert found.machine in each.machines
        if not any(by_name[name].gpus for name in each.machines):
            assert found.gpus == ()
            continue
        assert len(set(found.gpus)) == each.gpus
        assert may_span or not found.spans
        assert found.share is not None
        for machine, index in found.gpus:
            memory = by_name[machine].gpus[index]
            assert each.share is not None or found.share * memory >= each.gb_each - 1e-6
            taken[machine, index] += 1.0 if found.spans else found.share
            assert machine in each.machines
    spanned = {gpu for found in places if found.spans for gpu in found.gpus}
    for gpu, total in taken.items():
        assert total <= (1.0 if gpu in spanned else MOST_TAKEN / WHOLE) + 1e-9


@given(fleets())
def test_the_same_fleet_is_always_placed_alike(fleet: tuple[list[Need], list[Machine]]) -> None:
    assert _outcome(*fleet) == _outcome(*fleet)


@given(fleets(), st.randoms(use_true_random=False))
def test_whether_servers_of_one_gpu_fit_does_not_depend_on_their_order(
    fleet: tuple[list[Need], list[Machine]], random: Random
) -> None:
    needs = [replace(each, gpus=1) for each in fleet[0]]
    shuffled = random.sample(needs, len(needs))
    assert isinstance(_outcome(needs, fleet[1]), str) == isinstance(_outcome(shuffled, fleet[1]), str)


def _outcome(needs: list[Need], hosts: list[Machine]) -> list[Place] | str:
    try:
        return place(needs, hosts)
    except CannotPlace as error:
        return str(error)
