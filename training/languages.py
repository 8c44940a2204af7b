"""Which language a row is in, and how much of it, as the arena tells of prompts and answers too. Free of Django."""

from inference.languages import LANGUAGES, MIN_LETTERS, count_letters, detect, letters_of, without_code

__all__ = ["LANGUAGES", "can_judge", "language_of", "shares_of"]


def language_of(text: str) -> str | None:
    """The language of a text: `eu`, `es`, `fr` or `en`. Code and addresses are left out.

    None where there is too little text to judge, or where it is in none of the four as far as can be told.
    """
    found = detect(text)
    return found[0] if found else None


def can_judge(text: str) -> bool:
    """Whether a text has enough letters beside code and addresses to tell its language."""
    return count_letters(without_code(text)) >= MIN_LETTERS


def shares_of(text: str) -> dict[str, float]:
    """How much of a text is in which language, from 0 to 1, by the letters of its sentences.

    Every language is named. They add up to less than 1 where sentences are in none of the four, and are all 0 where
    there is too little to judge.
    """
    letters = letters_of([text])[0]
    judged = letters.total()
    return {language: letters[language] / judged if judged else 0.0 for language in LANGUAGES}
