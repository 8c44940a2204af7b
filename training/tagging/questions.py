"""What a model is asked about an instruction, and how its answer is read. The words are ours, the scales Magpie's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.columns import Row

QUALITIES = ("very poor", "poor", "average", "good", "excellent")
DIFFICULTIES = ("very easy", "easy", "medium", "hard", "very hard")
CATEGORIES = (
    "Information seeking",
    "Reasoning",
    "Planning",
    "Editing",
    "Coding & Debugging",
    "Math",
    "Role playing",
    "Data analysis",
    "Creative writing",
    "Advice seeking",
    "Brainstorming",
    "Others",
)

_FRAME = """Below is a message that somebody wrote to an assistant. Do not answer it: {task}

--- message begins ---
{instruction}
--- message ends ---

{scale}

Reply with one JSON object and nothing else, in this form:
{form}"""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of the answer: free words, one of the `allowed` words, or where there are `many` a list of these."""

    name: str
    hint: str
    allowed: tuple[str, ...] = ()
    many: bool = False

    @property
    def form(self) -> str:
        return f'"{self.name}": ["<{self.hint}>"]' if self.many else f'"{self.name}": "<{self.hint}>"'

    def read(self, value: Any) -> Any:
        """Raises ValueError for what is no such value. Of a list unknown words are left out."""
        if self.many:
            if not isinstance(value, list):
                raise ValueError(f"{self.name!r} is no list")
            return [word for each in value if (word := self._known(each))]
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{self.name!r} has no words")
        if self.allowed and self._known(value) is None:
            raise ValueError(f"{self.name!r} is none of {', '.join(self.allowed)}")
        return self._known(value) if self.allowed else value.strip()

    def _known(self, value: Any) -> str | None:
        """The allowed word that is meant; brackets and quotes around it are copied from the form."""
        if not isinstance(value, str):
            return None
        word = value.strip(" \t\n[]<>\"'`.").casefold()
        return next((each for each in self.allowed if each.casefold() == word), None)


@dataclass(frozen=True, slots=True)
class Question:
    """One mission that a model answers in JSON."""

    name: str
    by: str
    """The column that names the model."""
    task: str
    scale: str
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return (*(each.name for each in self.fields), self.by)

    def prompt(self, instruction: str) -> str:
        form = "{" + ", ".join(each.form for each in self.fields) + "}"
        return _FRAME.format(task=self.task, scale=self.scale, form=form, instruction=instruction.strip())

    def read(self, value: Mapping[str, Any]) -> Row:
        """The columns that an answer fills in. Raises ValueError for an object that is no answer."""
        row = {each.name: each.read(value.get(each.name)) for each in self.fields}
        others = row.get("other_task_category")
        return row if others is None else row | {"other_task_category": _others(others, row["task_category"])}


def _others(found: list[str], first: str) -> list[str]:
    return [each for each in dict.fromkeys(found) if each != first]


QUALITY = Question(
    name="quality",
    by="quality_generator",
    task="judge how well it is put, whatever it is about.",
    scale="""Is it clear, specific and coherent? Name what is strong and what is weak in it. Then grade it:
very poor = it cannot be understood, or nearly everything that one would need is missing
poor = it is vague, or important details are missing, so that one would have to ask back
average = it can be followed, but more information would help
good = it is clear and specific, and gives enough to answer it
excellent = it is precise and complete, and leaves nothing to ask""",
    fields=(Field("quality_explanation", "strengths and weaknesses"), Field("input_quality", "one grade", QUALITIES)),
)
DIFFICULTY = Question(
    name="difficulty",
    by="difficulty_generator",
    task="say how hard it is to answer.",
    scale="""First say what its author wants. Then say what one has to know to do it. Then say how hard that is:
very easy, easy, medium, hard or very hard.""",
    fields=(
        Field("intent", "what is wanted"),
        Field("knowledge", "what one has to know"),
        Field("difficulty", "one of these", DIFFICULTIES),
    ),
)
CATEGORY = Question(
    name="category",
    by="task_category_generator",
    task="say what kind of task it is.",
    scale="""Choose the category that fits best, and list further ones only where they fit too:
Information seeking = facts or explanations of something
Reasoning = logic, problems to think through
Planning = plans or strategies for something to be done
Editing = changes to a text that is there
Coding & Debugging = programs to write, read or mend
Math = calculation, proofs, mathematical ideas
Role playing = the assistant is to be somebody
Data analysis = data to be read, counted or interpreted
Creative writing = stories, poems and other invention
Advice seeking = what to do in one's life or work
Brainstorming = many ideas on something
Others = none of these""",
    fields=(
        Field("task_category", "the category", CATEGORIES),
        Field("other_task_category", "further category", CATEGORIES, many=True),
    ),
)
QUESTIONS = {question.name: question for question in (QUALITY, DIFFICULTY, CATEGORY)}
