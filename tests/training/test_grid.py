"""The grid against what is known of the study, and its names against how the rankings read them."""

from itertools import product

import pytest

from ranking.factors import factors_of_name
from training.exceptions import UnknownVariant
from training.grid import GRID, RELEASED, TRAINED, variant_named, variants_of

CELLS = {f"exp_{backbone}_{a}{b}{c}" for backbone, a, b, c in product("012", "01", "01", "01")}


def test_eighteen_variants_seventeen_of_them_at_8b() -> None:
    assert len(GRID) == 18
    assert [len(variants_of(size)) for size in ("8B", "70B")] == [17, 1]
    assert len({variant.full_name for variant in GRID}) == 18
    assert variants_of("70B")[0].full_name == "exp_2_101_70B"


def test_every_cell_of_the_grid_is_trained_or_equals_a_released_model() -> None:
    assert set(TRAINED["8B"]) | set(RELEASED) == CELLS
    assert not set(TRAINED["8B"]) & set(RELEASED)
    assert {name for name in RELEASED if RELEASED[name] == "meta-llama/Llama-3.1-8B-Instruct"} == {
        "exp_0_001",
        "exp_2_000",
        "exp_2_001",
    }


@pytest.mark.parametrize("variant", variants_of("8B"), ids=lambda variant: variant.name)
def test_factors_are_those_that_rankings_read_off_the_name(variant) -> None:  # type: ignore[no-untyped-def]
    assert variant.factors == factors_of_name(variant.name)


def test_at_70b_only_the_backbone_is_another() -> None:
    assert variant_named("exp_2_101", "70B").factors == {
        **factors_of_name("exp_2_101"),
        "backbone": "Llama-3.1-70B-Instruct",
    }


def test_parts_follow_the_digits() -> None:
    assert variant_named("exp_0_010").parts == ("instructions_eu",)
    assert variant_named("exp_2_100").parts == ("corpus_eu",)
    assert variant_named("exp_1_111").parts == ("corpus_eu", "instructions_eu", "instructions_en")
    assert variant_named("exp_1_101").mix == "101"


def test_figures_of_the_study() -> None:
    setup = variant_named("exp_2_101").setup
    assert (setup.nodes, setup.gpus_per_node, setup.sharding, setup.sequences_per_step) == (32, 4, "hybrid", 256)
    setup = variant_named("exp_2_101", "70B").setup
    assert (setup.nodes, setup.gpus_per_node, setup.sharding, setup.sequences_per_step) == (64, 4, "full", 512)
    assert [variant.full_name for variant in GRID if variant.seed != 33] == ["exp_2_010"]
    assert variant_named("exp_2_010").seed == 42


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        ("exp_3_101", "8B", r"no variant 'exp_3_101' at 8B\. It has exp_0_010, .*exp_2_111\."),
        ("", "8B", "no variant ''"),
        ("2_101", "8B", "no variant '2_101'"),
        ("exp_2_001", "8B", r"equals the released model meta-llama/Llama-3\.1-8B-Instruct: .*exp_0_010"),
        ("exp_0_100", "8B", "equals the released model HiTZ/Latxa-Llama-3.1-8B"),
        ("exp_0_101", "70B", r"no variant 'exp_0_101' at 70B\. It has exp_2_101\."),
        ("exp_2_101", "13B", "No variant has the size '13B'. Sizes are 8B and 70B."),
    ],
)
def test_unknown_names_are_told_what_there_is(name: str, size: str, told: str) -> None:
    with pytest.raises(UnknownVariant, match=told):
        variant_named(name, size)
