import pytest

from ranking.pages.charts import MARGIN, SCALE_WIDTH, Bar, Scale, course, interval_bar, scale_for, shade, step


def test_scale_holds_what_there_is_and_leaves_margins():
    scale = scale_for([900.0, None, 1100.0])
    assert (scale.x(900), scale.x(1000), scale.x(1100)) == (4.0, 50.0, 96.0)


def test_scale_goes_on_beyond_what_has_no_bound():
    assert scale_for([900.0, None, 1300.0], with_room=True) == Scale(800.0, 1400.0)
    assert scale_for([1000.0, None], with_room=True) == Scale(950.0, 1050.0)


@pytest.mark.parametrize("values", [[], [None], [1000.0], [1000.0, 1000.2]])
def test_scale_is_never_without_width(values):
    scale = scale_for(values)
    assert scale.high - scale.low >= 100
    assert 1 <= len(scale.ticks()) <= 6


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        (870, 1130, [900, 1000, 1100]),
        (0, 5000, [0, 1000, 2000, 3000, 4000, 5000]),
        (998, 1003, [998, 999, 1000, 1001, 1002, 1003]),
    ],
)
def test_ticks_are_round(low, high, values):
    ticks = Scale(low, high).ticks()
    assert [tick.value for tick in ticks] == values
    assert [tick.x for tick in ticks] == sorted(tick.x for tick in ticks)


def test_bar_without_bounds_runs_to_the_edge():
    scale = Scale(900, 1100)
    assert interval_bar(scale, None, 1000, None) == Bar(50.0, 100.0, None, False, True)
    assert interval_bar(scale, 1000, None, 1100) == Bar(0.0, 96.0, 50.0, True, False)
    assert interval_bar(scale, None, None, None) is None


@pytest.mark.parametrize(("share", "expected"), [(0, 0), (0.04, 0), (0.05, 1), (0.5, 5), (0.96, 10), (1, 10)])
def test_shades(share, expected):
    assert shade(share) == expected


def test_course_breaks_off_where_there_is_no_number():
    found = course(
        [(0, 1000.0, 950.0, 1050.0), (1, 1010.0, None, 1060.0), (2, None, None, None), (3, 990.0, 940.0, 1060.0)]
    )
    assert [point.x for point in found.points] == sorted(point.x for point in found.points)
    assert found.line.count("M") == found.band.count("M") == 2
    assert found.points[1].y < found.points[0].y < found.points[3].y  # SVG counts from the top
    assert found.points[2].y is None


def test_course_of_one_moment_and_of_none():
    assert [point.x for point in course([(5, 1000.0, None, None)]).points] == [
        SCALE_WIDTH + (100 - SCALE_WIDTH - MARGIN) / 2
    ]
    assert course([]).line == ""


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (1, 1), (50, 3), (100, 5)])
def test_tones_of_counts(value, expected):
    assert step(value, 100) == expected
