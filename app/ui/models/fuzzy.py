"""Finds what is meant by a few letters: words in any order, letters left out."""

from typing import Final

_WHOLE, _START, _INSIDE, _LOOSE = 120, 100, 60, 20
_SEPARATORS: Final = frozenset(" -–·:/&(._")


def match(query: str, text: str) -> tuple[int, tuple[int, ...]] | None:
    """How well a text answers a query.

    Every word of the query must be found: as the start of a word of the text, which
    counts most, inside one, or as letters in the same order with others between.

    Returns
    -------
    (int, tuple of int) or None
        The score, higher for better and for shorter texts, and the places of the
        letters that were meant; None if a word is not found.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter that is two when small
        lowered = text
    score, places = 0, set[int]()
    for word in query.lower().split():
        found = _word(word, lowered)
        if found is None:
            return None
        score += found[0]
        places.update(found[1])
    return score - len(text) // 4, tuple(sorted(places))


def _word(word: str, text: str) -> tuple[int, range | list[int]] | None:
    at = text.find(word)
    while at >= 0:
        if at == 0 or text[at - 1] in _SEPARATORS:
            end = at + len(word)
            is_whole = end == len(text) or text[end] in _SEPARATORS
            return (_WHOLE if is_whole else _START) - min(at, 15), range(at, end)
        at = text.find(word, at + 1)
    at = text.find(word)
    if at >= 0:
        return _INSIDE - min(at, 15), range(at, at + len(word))
    return _letters(word, text)


def _letters(word: str, text: str) -> tuple[int, list[int]] | None:
    """The letters of a word in their order; starts of words are taken first."""
    places: list[int] = []
    at = 0
    for letter in word:
        start = _start_of_word(letter, text, at)
        at = start if start >= 0 else text.find(letter, at)
        if at < 0:
            return None
        places.append(at)
        at += 1
    starts = sum(p == 0 or text[p - 1] in _SEPARATORS for p in places)
    gaps = places[-1] - places[0] + 1 - len(places)
    return _LOOSE + 4 * starts - min(gaps, 15), places


def _start_of_word(letter: str, text: str, at: int) -> int:
    """Place of the next word that begins with a letter, if it is the next or after."""
    place = text.find(letter, at)
    while place >= 0:
        if place == 0 or text[place - 1] in _SEPARATORS:
            return place
        place = text.find(letter, place + 1)
    return -1
