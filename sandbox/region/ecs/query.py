# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster query language of list filters and placement constraints.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
Not modelled: Java's regular expressions where they differ from Python's.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple


def _no_groups() -> Collection[str]:
    return ()


@dataclass(frozen=True)
class Facts:
    """What an expression can ask about: attributes (None: there without a value), fields, and groups of tasks."""

    attributes: Mapping[str, str | None]
    fields: Mapping[str, str]
    groups: Callable[[], Collection[str]] = _no_groups


class SyntaxProblem(ValueError):
    """An expression that ECS would refuse."""


Matches = Callable[[Facts], bool]
_Compare = Callable[[str | None, list[str]], bool]

_FIELDS = frozenset({"agentConnected", "agentVersion", "ec2InstanceId", "registeredAt", "runningTasksCount"})
_NAMES = {
    "equals": "==",
    "not_equals": "!=",
    "greater_than": ">",
    "greater_than_equal": ">=",
    "less_than": "<",
    "less_than_equal": "<=",
    "not_exists": "!exists",
    "not_in": "!in",
    "matches": "=~",
    "not_matches": "!~",
    "and": "&&",
    "or": "||",
}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<symbol>==|!=|>=|<=|=~|!~|&&|\|\||!exists\b|!in\b|[<>()\[\],!])
      | "(?P<double>[^"]*)" | '(?P<single>[^']*)'
      | (?P<word>[^\s()\[\],"'!=<>&|]+)
    )""",
    re.VERBOSE,
)


class _Token(NamedTuple):
    kind: str  # symbol or text
    text: str


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position, text = 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise SyntaxProblem(f"unexpected {text[position:]!r}")
        position = match.end()
        kind = match.lastgroup or "word"
        value = match[kind]
        # Words that are operators lose nothing by being read as such: a value that looks like one needs quotes.
        if kind == "symbol" or (kind == "word" and value in ("exists", "in", "not", *_NAMES)):
            found.append(_Token("symbol", _NAMES.get(value, value)))
        else:
            found.append(_Token("text", value))
    return found


def _comparable(text: str) -> tuple[int | str, ...]:
    """Numbers, versions and dates compare part by part."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"[.\-:TZ+]", text) if part)


def _ordered(compare: Callable[[Any, Any], Any]) -> _Compare:
    def check(value: str | None, arguments: list[str]) -> bool:
        if value is None:
            return False
        try:
            return bool(compare(_comparable(value), _comparable(arguments[0])))
        except TypeError:
            return False

    return check


def _inverted(check: _Compare) -> _Compare:
    return lambda value, arguments: not check(value, arguments)


def _equals(value: str | None, arguments: list[str]) -> bool:
    return value is not None and value in arguments


def _found(value: str | None, arguments: list[str]) -> bool:
    return value is not None and re.fullmatch(arguments[0], value) is not None


_OPERATORS: dict[str, _Compare] = {
    "==": _equals,
    "!=": _inverted(_equals),
    "in": _equals,
    "!in": _inverted(_equals),
    "=~": _found,
    "!~": _inverted(_found),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
}
_INVERTED = ("!=", "!in", "!~")
_GROUP = "task:group"


class _Parser:
    """Recursive descent: or, and, not, parentheses, one comparison."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> str | None:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token.text if token and token.kind == "symbol" else None

    def _next(self, kind: str | None = None) -> str:
        if self._at >= len(self._tokens):
            raise SyntaxProblem("it ends too early")
        token = self._tokens[self._at]
        if kind and token.kind != kind:
            raise SyntaxProblem(f"unexpected {token.text!r}")
        self._at += 1
        return token.text

    def _expect(self, symbol: str) -> None:
        if self._peek() != symbol:
            raise SyntaxProblem(f"{symbol!r} is missing")
        self._at += 1

    def parse(self) -> Matches:
        matches = self._either()
        if self._at < len(self._tokens):
            raise SyntaxProblem(f"unexpected {self._tokens[self._at].text!r}")
        return matches

    def _either(self) -> Matches:
        parts = [self._both()]
        while self._peek() == "||":
            self._at += 1
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda facts: any(part(facts) for part in parts)

    def _both(self) -> Matches:
        parts = [self._one()]
        while self._peek() == "&&":
            self._at += 1
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda facts: all(part(facts) for part in parts)

    def _one(self) -> Matches:
        symbol = self._peek()
        if symbol in ("!", "not"):
            self._at += 1
            inner = self._one()
            return lambda facts: not inner(facts)
        if symbol == "(":
            self._at += 1
            inner = self._either()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Matches:
        subject = self._next("text")
        name = subject.removeprefix("attribute:")
        is_attribute = name != subject
        if not is_attribute and subject not in _FIELDS and subject != _GROUP:
            raise SyntaxProblem(f"unknown subject {subject!r}")
        symbol = self._next("symbol")
        if symbol in ("exists", "!exists") and subject != _GROUP:
            wanted = symbol == "exists"
            return lambda facts: (name in (facts.attributes if is_attribute else facts.fields)) is wanted
        if symbol not in _OPERATORS:
            raise SyntaxProblem(f"unknown operator {symbol!r}")
        arguments = self._list() if symbol in ("in", "!in") else [self._next("text")]
        if symbol in ("=~", "!~"):
            _check_pattern(arguments[0])
        compare = _OPERATORS[symbol]
        if subject == _GROUP:
            # An instance has many groups: one that compares is enough, and an inverted question asks for none.
            quantify = all if symbol in _INVERTED else any
            return lambda facts: quantify(compare(group, arguments) for group in facts.groups())
        return lambda facts: compare((facts.attributes if is_attribute else facts.fields).get(name), arguments)

    def _list(self) -> list[str]:
        self._expect("[")
        items = [self._next("text")]
        while self._peek() == ",":
            self._at += 1
            items.append(self._next("text"))
        self._expect("]")
        return items


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise SyntaxProblem(f"{pattern!r} is not a pattern") from error


@lru_cache(maxsize=1024)
def parse(text: str) -> Matches:
    """A predicate from an expression; a SyntaxProblem tells what is wrong with it."""
    return _Parser(_tokens(text)).parse()
