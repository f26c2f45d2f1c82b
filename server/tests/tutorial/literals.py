"""Compares tagtide's reading of Python literals with CPython's own.

    literals.py URL SEED CASES

Generates literals, some of them damaged, posts each to /updateData, and compares the answer, and what
/refreshData then holds, with ast.literal_eval. What is known to be different, and why, is in `expected`.
"""

import ast
import http.client
import json
import math
import random
import sys
import urllib.parse
import warnings

NOT_FOR_A_BOARD = object()


def mended(text):
    """UTF-8 that was sent as one character a byte."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def joined(text):
    """Halves of surrogate pairs put together; what is left alone is lost."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def same(python, ours):
    if python is None or isinstance(python, bool):
        return python is ours
    if isinstance(python, int):
        if abs(python) < 2**127:
            return isinstance(ours, int) and ours == python
        return isinstance(ours, float) and math.isclose(ours, python, rel_tol=1e-12)
    if isinstance(python, float):
        return ours is None if math.isinf(python) else isinstance(ours, float) and ours == python
    if isinstance(python, str):
        # Whether it is mended depends on its prefix, which is gone here; unit tests hold it.
        return ours in (joined(python), mended(joined(python)))
    if isinstance(python, bytes):
        return ours == mended(python.decode("latin-1"))
    return isinstance(ours, list) and len(ours) == len(python) and all(map(same, python, ours))


def fits(python):
    """Whether a list of it can be held by a board."""
    if isinstance(python, (list, tuple)):
        return all(map(fits, python))
    return python is None or isinstance(python, (bool, int, float, str, bytes))


def expected(source):
    """CPython's value; NOT_FOR_A_BOARD where it has none or it is no list of what a board can hold."""
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return NOT_FOR_A_BOARD
    return value if isinstance(value, (list, tuple)) and fits(value) else NOT_FOR_A_BOARD


class Generator:
    def __init__(self, rng):
        self.rng = rng

    def case(self):
        source = self.pick([self.list, self.list, self.tuple, self.value])(0)
        source = self.pick(["", "", "", " ", "\t ", "\n", "# c\n"]) + source
        source += self.pick(["", "", "", " ", "\n", "  # c", "\n\n# '\n", " \\\n"])
        if self.rng.random() < 0.3:
            source = self.damaged(source)
        return source

    def pick(self, choices):
        return self.rng.choice(choices)

    def rarely(self):
        """For what makes the whole literal a bad one."""
        return self.rng.random() < 0.03

    def damaged(self, source):
        for _ in range(self.rng.randrange(1, 4)):
            at = self.rng.randrange(len(source) + 1)
            piece = self.pick(list("[](),'\"\\\n\r #brux0179_.eEjL+-é{}:\t") + ["'''", "\\x", "None", "1_0", "\r\n"])
            source = source[:at] + self.pick([piece, "", piece]) + source[at + self.rng.randrange(3):]
        return source

    def value(self, depth):
        kinds = [self.string] * 4 + [self.number] * 3 + [self.name]
        if depth < 6:
            kinds += [self.list, self.tuple, self.group]
        return self.pick(kinds)(depth)

    def blank(self, inside):
        blanks = ["", "", "", " ", "  ", "\t", "\\\n", "\x0c"] + (["\n", "\r\n", " # ']\n", "\n\n  "] if inside else [])
        return self.pick(blanks)

    def items(self, depth):
        out = self.blank(True)
        count = self.rng.randrange(4)
        for index in range(count):
            out += self.value(depth + 1) + self.blank(True)
            if index < count - 1 or self.rng.random() < 0.3:
                out += "," + self.blank(True)
        return out

    def list(self, depth):
        return "[" + self.items(depth) + "]"

    def tuple(self, depth):
        return "(" + self.items(depth) + ")"

    def group(self, depth):
        return "(" + self.value(depth + 1) + ")"

    def name(self, _):
        if self.rarely():
            return self.pick(["true", "nan", "...", "{}", "{1: 2}", "{1}", "x", "set()", "None()", "Truex"])
        return self.pick(["None", "True", "False"])

    def number(self, _):
        if self.rarely():
            number = self.pick(["01", "1__0", "0_1", "1_", "1._5", "1e", ".", "1j", "1.5.", "0x", "0o8", "1a"])
        elif self.rng.random() < 0.5:
            number = self.pick(["0", "00", "0_0", "7", "12", "1_000", "9" * 20, "9" * 45, "0x1F", "0Xf_f", "0x_f", "0o17",
                                "0b1_01", "0x" + "f" * 40, str(2**127 - 1), str(2**127)])
        else:
            number = self.pick(["1.5", ".5", "5.", "1e3", "1E-3", "1_0.0_1e+1_0", "01.5", "1e999", "00e1", "0_1.5"])
        sign = self.pick(["--", "-+", "~", "not "]) if self.rarely() else self.pick(["", "", "", "-", "+", "- "])
        return sign + number

    def string(self, _):
        kind = self.pick([["", "", "u", "U", "r", "R"], ["b", "B", "br", "Rb", "bR", "rb"]])
        if self.rarely():
            kind = ["", "b", "f", "ur", "bu", "rr"]
        parts = [self.piece(self.pick(kind)) for _ in range(self.pick([1, 1, 1, 2, 3]))]
        return self.pick(["", " ", "\t", "\\\n"]).join(parts)

    def piece(self, prefix):
        quote = self.pick(["'", '"', "'''", '"""'])
        body = "".join(self.character("b" in prefix.lower()) for _ in range(self.rng.randrange(8)))
        return prefix + quote + body + quote

    def character(self, ascii_only):
        choices = [
            "a", "#", " ", "'", '"', ",", "]", "\\n", "\\t", "\\\\", "\\'", '\\"', "\\0", "\\07", "\\377", "\\777", "\\8",
            "\\x41", "\\xe9", "\\xc3\\xa9", "\\xf0\\x9f\\xa6\\x80", "\\u00e9", "\\u30bf", "\\ud83e\\udd80",
            "\\ud83e", "\\udd80", "\\U0001f980", "\\q", "\\\n", "\\\r\n", "\\a\\b\\f\\r\\v",
        ]
        if self.rarely():
            choices += ["\\x4", "\\U00110000", "\\u12", "\n", "\r"]
        if not ascii_only or self.rarely():
            choices += ["é", "Ã©", "\t", "タ", "\U0001f980", "\u2028", "\x85", "\x7f"]
        return self.pick(choices)


def main():
    url, seed, cases = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("ignore")
    generator = Generator(random.Random(seed))
    server = http.client.HTTPConnection(url.hostname, url.port, timeout=30)

    def ask(method, path, body=None):
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        server.request(method, path, body, kind)
        answer = server.getresponse()
        return answer.status, answer.read().decode("utf-8")

    taken = 0
    problems = []
    for _ in range(cases):
        source = generator.case()
        wanted = expected(source)
        form = urllib.parse.urlencode({"label": "[]", "data": source})
        status, _ = ask("POST", "/updateData", form)
        if status == 201:
            got = json.loads(ask("GET", "/refreshData")[1])["sData"]
        # A number of Python 2; names of characters, which are not known here; and blanks on a last line
        # of their own, which some versions of CPython take for an indented line.
        unlike = (wanted is NOT_FOR_A_BOARD and "L" in source) or "\\N" in source
        unlike |= source.rstrip(" \t").endswith(("\n", "\r")) and source.endswith((" ", "\t"))
        if wanted is NOT_FOR_A_BOARD:
            if status != 400 and not unlike:
                problems.append(f"taken: {source!r} as {got!r}")
        elif status != 201:
            if not unlike:
                problems.append(f"refused: {source!r}, which is {wanted!r}")
        else:
            taken += 1
            if not same(wanted, got):
                problems.append(f"{source!r} is {wanted!r} and not {got!r}")
    print(json.dumps({"seed": seed, "cases": cases, "taken": taken, "problems": problems[:20]}))


main()
