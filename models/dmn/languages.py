"""The languages that texts in decision models are in: FEEL, and what is plain in those of Camunda 7."""

import re

from models.recipes.juel import UntranslatableError, translate

_FEEL = ("FEEL", "feel")
_JUEL = frozenset({"juel", "uel", "ul"})
_SCRIPTS = frozenset({"javascript", "ecmascript", "js", "groovy", "python", "jython", "ruby", "jruby"})
_PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*|(0|[1-9]\d{0,17})(\.\d{1,18})?|\"[^\"\\]*\"", re.ASCII)
"""What means the same in all of them: a variable, a part of one, a number, a text."""
_NO_VARIABLES = frozenset({"True", "False", "None", "nil", "undefined", "NaN", "Infinity", "this", "self"})
"""Words of scripts that are none of FEEL's: read as variables, they would be null."""
_BRACES = re.compile(r"[$#]\{(.*)\}", re.DOTALL)


class NotRunError(Exception):
    """A text is in a language that is not run here, and does more than FEEL can say."""


def is_feel(language: str) -> bool:
    """Tell whether an expression language is FEEL, which it is where nothing is said."""
    return not language or language.rstrip("/").rpartition("/")[2] in _FEEL or "FEEL" in language.upper()


def as_feel(source: str, language: str) -> str:
    """Return what an expression, not a unary test, is in FEEL.

    JUEL is translated as far as it reads, compares and reckons; of scripts, what is no more than a variable, a number
    or a text.

    Raises:
        NotRunError: says which language it is, and why not.
    """
    if is_feel(language) or not source:
        return source
    name = language.strip().lower()
    braced = _BRACES.fullmatch(source.strip())
    if name in _JUEL:
        try:
            return translate(braced[1] if braced else source)
        except UntranslatableError as error:
            raise NotRunError(f"the expression language {language} is not run, only FEEL: {error}") from None
    if name in _SCRIPTS and _PLAIN.fullmatch(source.strip()) and source.strip().partition(".")[0] not in _NO_VARIABLES:
        return source
    raise NotRunError(f"the expression language {language} is not run, only FEEL")
