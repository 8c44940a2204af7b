"""Shards of token rows: rows of all sources dealt into blocks, tokenised, cut or dropped, packed. A block is one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from training.columns import Columns, Kind, Row
from training.exceptions import TrainingError
from training.sft import tokens
from training.sft.marking import CannotMark
from training.sft.mixing import Dealing, Place
from training.sft.packing import best_fit
from training.sft.tokenizers import Encoder
from training.sft.tokens import Tokens
from training.sft.turns import is_encodable, messages_of
from training.sources import Source, needs
from training.stages import Made

CORPUS = "corpus_eu"
VALIDATION = "validation"
REJECTED = "rejected"
COLUMNS: Columns = {"input_ids": Kind.TOKENS, "labels": Kind.TOKENS, "seq_lengths": Kind.TOKENS}
ASIDE: dict[str, Columns] = {
    VALIDATION: COLUMNS,
    REJECTED: {"part": Kind.TEXT, "source": Kind.TEXT, "row": Kind.INTEGER, "reason": Kind.TEXT},
}
AT_ONCE = 200_000
"""Rows of blocks that are made in one reading of the sources; as tokens they have to fit into memory."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one source. `name` is a part of the mix, or VALIDATION for rows that are held out, all of them."""

    name: str
    source: Source

    @property
    def has_conversations(self) -> bool:
        if self.name != VALIDATION:
            return self.name != CORPUS
        return bool(self.source.filled(("messages", "conversations", "instruction")))

    def is_text(self, row: Row) -> bool:
        """Whether a sound row of this part is a plain text: in the corpus, each; held out, what is no conversation."""
        return self.name == CORPUS or self.name == VALIDATION and conversation_row(row) is not None


@dataclass(frozen=True, slots=True)
class Shape:
    """What token rows look like."""

    length: int
    """Tokens of a row, at most."""
    packed: bool
    cut_documents: bool
    """Whether a plain text that is too long is cut into rows; it is dropped otherwise."""
    cut_conversations: bool


@dataclass(frozen=True, slots=True)
class _Reject:
    """Why a sound row is not used, and under which name that is counted."""

    count: str
    reason: str


@dataclass(slots=True)
class _Block:
    documents: list[tuple[Place, Tokens]] = field(default_factory=list)
    rejected: list[Row] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def conversation_row(row: Row) -> str | None:
    """What is wrong with a row of a conversation (a `training.sources.Check`)."""
    return messages if isinstance(messages := messages_of(row), str) else None


def text_row(row: Row) -> str | None:
    """What is wrong with a row of a plain text."""
    wrong = needs("text")(row)
    return wrong or (None if is_encodable(row["text"]) else "'text' has half a character (a lone surrogate)")


def any_row(row: Row) -> str | None:
    """What is wrong with a row that may be a conversation or a text."""
    wrong = conversation_row(row)
    return text_row(row) if wrong and row.get("text") is not None else wrong


def maker(
    parts: Sequence[Part], encoder: Encoder, dealing: Dealing, shape: Shape
) -> Callable[[set[int]], Iterator[tuple[int, Made]]]:
    """What `training.stages.run_stage` calls for shards. It reads all sources once for some shards at a time."""
    rows = sum(part.source.input.rows for part in parts)
    at_once = max(1, AT_ONCE * dealing.blocks // max(rows, 1))

    def make(wanted: set[int]) -> Iterator[tuple[int, Made]]:
        numbers = sorted(wanted)
        for begin in range(0, len(numbers), at_once):
            blocks = {number: _Block() for number in numbers[begin : begin + at_once]}
            for position, part in enumerate(parts):
                _deal(part, position, blocks, encoder, dealing, shape)
            while blocks:
                number = min(blocks)
                yield number, _made(blocks.pop(number), shape)

    return make


def _deal(
    part: Part, position: int, blocks: dict[int, _Block], encoder: Encoder, dealing: Dealing, shape: Shape
) -> None:
    """Tokenise those rows of a part that belong to the blocks."""

    def block_of(number: int) -> _Block | None:
        return blocks.get(dealing.place(position, number).block)

    for piece in part.source.each(lambda number: block_of(number) is not None):
        block = block_of(piece.number)
        if block is None:
            continue
        block.counts["bad"] += piece.bad
        for number, row in piece.rows:
            place = dealing.place(position, number)
            if part.name == VALIDATION:
                place = Place(place.key, place.block, held_out=True)
            _add(block, part, number, place, _encoded(row, encoder, shape, part.is_text(row)))


def _add(block: _Block, part: Part, number: int, place: Place, encoded: list[Tokens] | _Reject) -> None:
    block.counts[part.name] += 1
    if isinstance(encoded, _Reject):
        block.counts[encoded.count] += 1
        source = str(part.source.path)
        block.rejected.append({"part": part.name, "source": source, "row": number + 1, "reason": encoded.reason})
        return
    if len(encoded) > 1:
        block.counts["split_long"] += 1
    block.documents.extend((place, piece) for piece in encoded)


def _encoded(row: Row, encoder: Encoder, shape: Shape, is_text: bool) -> list[Tokens] | _Reject:
    """The token rows of a row, or why there are none."""
    if is_text:
        whole = tokens.of_document(encoder.tokenizer, row["text"], encoder.end)
    elif isinstance(conversation := _conversation(row, encoder), _Reject):
        return conversation
    else:
        whole = conversation
    if len(whole) <= shape.length:
        pieces = [whole]
    elif shape.cut_documents if is_text else shape.cut_conversations:
        pieces = list(tokens.cut(whole, shape.length))
    else:
        return _Reject("dropped_long", f"{len(whole)} tokens are more than {shape.length}")
    trained = [piece for piece in pieces if piece.trained]
    return trained or _Reject("dropped_untrained", "nothing of it is learnt")


def _conversation(row: Row, encoder: Encoder) -> Tokens | _Reject:
    messages = messages_of(row)
    if isinstance(messages, str) or encoder.marking is None:
        raise TrainingError(f"A row came by that is no conversation: {messages}.")
    for turn in messages:
        if found := encoder.controls.search(turn["content"]):
            return _Reject("dropped_control", f"a turn contains the control token {found[0]}")
    try:
        rendered = encoder.marking.render(messages)
    except CannotMark as error:
        return _Reject("dropped_unmarked", str(error))
    return tokens.of_conversation(encoder.tokenizer, rendered.text, rendered.spans)


def _made(block: _Block, shape: Shape) -> Made:
    block.documents.sort(key=lambda each: each[0].key)
    training = [each for place, each in block.documents if not place.held_out]
    validation = [each for place, each in block.documents if place.held_out]
    packs = best_fit([len(each) for each in training], shape.length) if shape.packed else _alone(training)
    # In the order of their first documents, which is random; as they are packed, the longest would come first.
    packs.sort(key=min)
    rows = [_row([training[position] for position in sorted(pack)]) for pack in packs]
    block.counts += Counter(
        documents=len(training),
        tokens=sum(map(len, training)),
        trained_tokens=sum(each.trained for each in training),
        capacity=len(rows) * shape.length,
        validation_rows=len(validation),
        validation_trained_tokens=sum(each.trained for each in validation),
    )
    rejected = sorted(block.rejected, key=lambda row: (row["part"], row["source"], row["row"]))
    return Made(rows, dict(block.counts), {VALIDATION: [_row([each]) for each in validation], REJECTED: rejected})


def _alone(documents: Sequence[Tokens]) -> list[list[int]]:
    return [[position] for position in range(len(documents))]


def _row(documents: Iterable[Tokens]) -> Row:
    row: Row = {"input_ids": [], "labels": [], "seq_lengths": []}
    for each in documents:
        row["input_ids"].extend(each.ids)
        row["labels"].extend(each.labels)
        row["seq_lengths"].append(len(each))
    return row
