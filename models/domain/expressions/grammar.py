"""The grammar, for lark's LALR parser. Deterministic and linear; extend it here, and nodes and compiler with it.

Where FEEL's own grammar is ambiguous, brackets decide: `if`, `for`, `some` and `every` reach as far as they can and
have to be put in brackets as operands. `in (a)` reads the brackets as brackets; a list of tests has a comma.
"""

import re
from collections.abc import Iterable

GRAMMAR = r"""
?start: expression

?expression: "if" expression "then" expression "else" expression -> conditional
    | "for" bindings "return" expression -> for_loop
    | (SOME | EVERY) bindings "satisfies" expression -> quantified
    | disjunction

bindings: binding ("," binding)*
binding: name "in" domain
?domain: expression
    | additive ".." additive -> range

?disjunction: conjunction ("or" conjunction)*
?conjunction: comparison ("and" comparison)*
?comparison: additive
    | additive COMPARE additive -> compare
    | additive "between" additive "and" additive -> between
    | additive "in" tests -> membership

tests: additive
    | special
    | "(" special ("," test)* ")"
    | "(" expression "," test ("," test)* ")"
?test: expression | special
?special: COMPARE additive -> operator_test
    | "(" additive ".." additive ")" -> open_interval
    | "(" additive ".." additive "]" -> low_open_interval
    | "[" additive ".." additive ")" -> high_open_interval
    | "[" additive ".." additive "]" -> closed_interval

?additive: product ((PLUS | MINUS) product)* -> arithmetic
?product: power ((TIMES | OVER) power)* -> arithmetic
?power: unary (POWER unary)* -> arithmetic
?unary: MINUS unary -> negation
    | postfix
?postfix: primary
    | postfix "." name -> attribute
    | postfix "[" expression "]" -> filter

?primary: NUMBER -> number
    | STRING -> text
    | "true" -> true
    | "false" -> false
    | "null" -> null
    | "[" (expression ("," expression)*)? "]" -> list_literal
    | OPEN_CONTEXT (entry ("," entry)*)? "}" -> context_literal
    | (NAME | FUNCTION) "(" (expression ("," expression)*)? ")" -> call
    | name -> variable
    | "(" expression ")"
entry: (name | key) ":" expression
key: STRING
name: NAME | QUOTED_NAME
"""

TERMINALS = r"""
SOME: "some"
EVERY: "every"
COMPARE: "=" | "!=" | "<=" | ">=" | "<" | ">"
DOTS: ".."
OPEN_CONTEXT: "{"
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
POWER: "**"
NUMBER: /([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]+)?/
STRING: /"(\\.|[^"\\])*"/s
QUOTED_NAME: /`[^`\n]+`/
NAME: /@?[^\W\d]\w*/
FUNCTION.2: /(%s)(?=\s*\()/
COMMENT: /\/\/[^\n]*/ | /\/\*.*?\*\//s
%%ignore COMMENT
%%ignore /\s+/
"""


def grammar(function_names: Iterable[str]) -> str:
    """Return the grammar. Functions whose names have spaces become words of the language where a `(` follows."""
    words = sorted((name for name in function_names if " " in name), key=len, reverse=True)
    alternatives = "|".join(r"\s+".join(map(re.escape, name.split())) for name in words)
    return GRAMMAR + TERMINALS % alternatives
