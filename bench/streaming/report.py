"""The table that is printed. Pure."""

from collections.abc import Sequence

from bench.streaming.figures import Figures

_HEADS = (
    ("battles", "battles"),
    ("way", "way"),
    ("added first token, ms: p50", "p50"),
    ("p95", "p95"),
    ("p99", "p99"),
    ("longest stall, ms", "stall"),
    ("tokens/s to direct", "rate"),
    ("bytes a token", "bytes"),
    ("CPU µs a token", "cpu"),
    ("to relay", "to_relay"),
    ("while all stream", "streaming"),
    ("to relay", "streaming_to_relay"),
    ("PostgreSQL, Redis µs a token", "database"),
    ("KB a battle", "memory"),
    ("incomplete", "incomplete"),
)


def table(rows: Sequence[Figures]) -> str:
    """A Markdown table; added times and ratios are against the rows of the same number of battles."""
    cells = [[head for head, _key in _HEADS], ["--:" if key != "way" else "---" for _head, key in _HEADS]]
    cells += [_cells(row, rows) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADS))]
    return "\n".join(
        "| " + " | ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    )


def _cells(row: Figures, rows: Sequence[Figures]) -> list[str]:
    direct = _peer("direct", row, rows)
    relay = _peer("relay", row, rows)
    if row is direct or direct is None:
        firsts = [f"({first:.0f})" for first in (row.first_p50, row.first_p95, row.first_p99)]
        rate = f"({row.tokens_per_second:.1f})"
    else:
        firsts = [f"{first - direct.first_p50:.0f}" for first in (row.first_p50, row.first_p95, row.first_p99)]
        rate = f"{row.tokens_per_second / direct.tokens_per_second:.3f}"
    return [
        str(row.battles),
        row.way,
        *firsts,
        f"{row.longest_stall:.0f}",
        rate,
        f"{row.bytes_per_token:.1f}",
        _number(row.cpu_us_per_token, 0),
        _ratio(row.cpu_us_per_token, relay and relay.cpu_us_per_token),
        _number(row.streaming_us_per_token, 0),
        _ratio(row.streaming_us_per_token, relay and relay.streaming_us_per_token),
        _number(row.database_us_per_token, 0),
        _number(row.kb_per_battle, 0),
        str(row.incomplete),
    ]


def _peer(way: str, row: Figures, rows: Sequence[Figures]) -> Figures | None:
    return next((other for other in rows if other.way == way and other.battles == row.battles), None)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _ratio(value: float | None, peer: float | None) -> str:
    return f"{value / peer:.2f}" if value is not None and peer else ""
