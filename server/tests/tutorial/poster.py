"""Plays the tutorial's Spark job towards its dashboard, in the form of every Python it was run with.

    poster.py URL

Posts boards to /updateData and looks at what /refreshData gives back and what the page shows. Prints how
many boards it posted; ends with status 1 and says why if one was not taken as meant.
"""

import html
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

TAGS = ["#rust", "#caf\u00e9", "it's#x", 'a"#b', "both'\"#", "#\U0001f980", "#back\\slash", "<b>#&amp;</b>"]
COUNTS = [12, 3, 3, 2, 2, 1, 1, 0]


def python3(tags):
    """str(list_of_str)"""
    return str(tags)


def python2_unicode(tags):
    """Python 2 prints a list of unicode strings with a prefix and in ASCII."""
    return "[" + ", ".join("u" + ascii(tag) for tag in tags) + "]"


def python2_bytes(tags):
    """Python 2 prints encoded strings with an escape a byte."""
    return "[" + ", ".join(repr(tag.encode("utf-8"))[1:] for tag in tags) + "]"


def python3_bytes(tags):
    """A list of encoded strings in Python 3."""
    return str([tag.encode("utf-8") for tag in tags])


def python3_bytearray(tags):
    """What Spark's rows hold when encoded strings were put into them, each made a string."""
    return str([str(bytearray(tag.encode("utf-8"))) for tag in tags])


def request(url, fields=None):
    data = None if fields is None else urllib.parse.urlencode(fields).encode("ascii")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, data, timeout=30) as answer:
            return answer.status, answer.headers.get("Content-Type"), answer.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Content-Type"), error.read().decode("utf-8")


def main():
    url = sys.argv[1]
    problems = []

    def check(what, got, wanted):
        if got != wanted:
            problems.append(f"{what}: {got!r} is not {wanted!r}")

    senders = [python3, python2_unicode, python2_bytes, python3_bytes, python3_bytearray]
    for number, sender in enumerate(senders):
        counts = [count + number for count in COUNTS]
        data = str(counts) if sender is not python2_bytes else str(counts).replace(",", "L,")
        answer = request(url + "/updateData", {"label": sender(TAGS), "data": data})
        check(sender.__name__, answer, (201, "text/html; charset=utf-8", "success"))
        status, kind, body = request(url + "/refreshData")
        check(sender.__name__, (status, kind), (200, "application/json"))
        check(sender.__name__, list(json.loads(body)), ["sData", "sLabel"])
        check(sender.__name__, json.loads(body), {"sData": counts, "sLabel": TAGS})

    status, _, page = request(url + "/?window=all&source=external")
    check("page", status, 200)
    text = html.unescape(page)
    for tag in TAGS:
        check(f"page shows {tag}", tag in text, True)
    check("page holds no markup of a tag", "<b>#" in page, False)

    for fields in [{}, {"label": "['a']"}, {"label": "['a'", "data": "[1]"}, {"label": "['a']", "data": "x"}]:
        answer = request(url + "/updateData", fields)
        check(f"bad {fields}", answer, (400, "text/html; charset=utf-8", "error"))
    check("still the last board", json.loads(request(url + "/refreshData")[2])["sLabel"], TAGS)

    print(json.dumps(len(senders)))
    if problems:
        sys.exit("\n".join(problems))


main()
