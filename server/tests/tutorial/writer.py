"""Plays the tutorial's Twitter client: a server that a Spark job reads lines from.

    writer.py POSTS SEED

Prints its port, then, when all is sent, the counts that the tutorial's Spark job would have made of
the very bytes sent. It sends the first half to its first reader and hangs up, and the rest to the
next one. It ends when its standard input is closed.
"""

import collections
import json
import random
import socket
import sys

TAGS = [
    "#rust", "#Rust", "#rust,", "(#rust)", "#a#b", "C#", "http://x/#y", "#", "##", "#caf\u00e9",
    "#\u30bf\u30b0", "#\u0645\u0631\u062d\u0628\u0627", "#\U0001f980", "it's#x", 'say"#x"', "#back\\slash",
    "#tab\tbed", "#no\u00a0break", "#full\u3000width", "#line\u2028sep", "#16", "#_", "#vt\x0bx",
]
WORDS = ["a", "post", "about", "", "nothing", "\uff03not", "caf\u00e9", "\t", "RT", "@u:"]
ENDS = [b"\n", b"\n\n", b"\r\n", b"\r"]


def post(rng):
    words = [rng.choice(WORDS) for _ in range(rng.randrange(6))]
    # The first tags are the most used ones.
    words += [TAGS[min(rng.randrange(len(TAGS)), rng.randrange(len(TAGS)))] for _ in range(rng.randrange(4))]
    rng.shuffle(words)
    text = " ".join(words).encode("utf-8")
    if rng.random() < 0.02:
        text += b" #cut\xc3 \xff#bad"
    return text


def recount(sent):
    """What the Spark job counts: words at single spaces that hold a '#'."""
    text = sent.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    counts = collections.Counter()
    for line in text.split("\n"):
        counts.update(word for word in line.split(" ") if "#" in word)
    return counts


def main():
    posts, seed = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    lines = [post(rng) + rng.choice(ENDS) for _ in range(posts)]
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    print(json.dumps(server.getsockname()[1]))

    half = len(lines) // 2
    for part in (lines[:half], lines[half:]):
        reader, _ = server.accept()
        for line in part:
            # In pieces, so that a reader cannot take a packet for a line.
            cut = rng.randrange(len(line) + 1)
            reader.sendall(line[:cut])
            reader.sendall(line[cut:])
        # A carriage return at the very end is told apart from a cut line by what follows it.
        reader.sendall(b"\n")
        reader.shutdown(socket.SHUT_WR)
    print(json.dumps(recount(b"".join(lines))))
    sys.stdin.read()


main()
