import pytest

from inference.chunks import Chunk, parse_chunk
from inference.exceptions import AnswerFailed, FailureKind


@pytest.mark.parametrize(
    ("data", "chunk"),
    [
        (b'{"choices":[{"delta":{"content":"kaixo"}}]}', Chunk(text="kaixo")),
        (b'{"choices":[{"delta":{"content":null},"finish_reason":"stop"}]}', Chunk(finish_reason="stop")),
        (b'{"choices":[{"finish_reason":"stop"}],"usage":null}', Chunk(finish_reason="stop")),
        (b'{"choices":[{"delta":{"reasoning_content":"hm"}}]}', Chunk(reasoning="hm")),
        (b'{"choices":[{"delta":{"reasoning":"hm","content":"ez"}}]}', Chunk(text="ez", reasoning="hm")),
        (
            b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":7}}',
            Chunk(prompt_tokens=3, completion_tokens=7),
        ),
        (
            b'{"choices":null,"usage":{"prompt_tokens":3,"completion_tokens":7}}',
            Chunk(prompt_tokens=3, completion_tokens=7),
        ),
        (b'{"choices":[{"delta":{"content":"a\\u0000b"}}]}', Chunk(text="ab")),
        (b'{"choices":[{"delta":{"content":"a"},"finish_reason":4}],"usage":{}}', Chunk(text="a")),
    ],
)
def test_reads(data: bytes, chunk: Chunk) -> None:
    assert parse_chunk(data) == chunk


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'{"choices":{}}',
        b'{"choices":null}',
        b'{"choices":["a"]}',
        b'{"choices":[{"delta":"a"}]}',
        b'{"choices":[{"delta":{"content":[1]}}]}',
        b'{"choices":[],"usage":7}',
        b'{"choices":[{"delta":{"content":"\xff"}}]}',
    ],
)
def test_refuses_what_is_no_chunk(data: bytes) -> None:
    with pytest.raises(AnswerFailed) as caught:
        parse_chunk(data)
    assert caught.value.kind is FailureKind.GARBAGE


def test_an_error_within_the_stream_is_the_servers_refusal() -> None:
    with pytest.raises(AnswerFailed, match="no memory") as caught:
        parse_chunk(b'{"error":{"message":"no memory"}}')
    assert caught.value.kind is FailureKind.HTTP_STATUS
