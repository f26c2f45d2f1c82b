"""Plays the tutorial's Spark job towards a Twitter client: reads lines from a socket.

    reader.py PORT FILE

FILE holds the posts that are fed, one a line, as text or as {"text": ...}. Prints how many lines came,
what it counted in them, and what is to be counted in the file.
"""

import collections
import json
import socket
import sys
import time


def connect(port):
    deadline = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=30)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def count(texts):
    counts = collections.Counter()
    for text in texts:
        counts.update(word for word in text.split(" ") if "#" in word)
    return counts


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    with open(path, encoding="utf-8", newline="\n") as file:
        posts = [line.rstrip("\n") for line in file]
    texts = [json.loads(post)["text"] if post.startswith("{") else post for post in posts]
    flat = [text.replace("\r", " ").replace("\n", " ") for text in texts]

    lines = []
    with connect(port) as feed, feed.makefile("rb") as stream:
        while len(lines) < len(texts):
            line = stream.readline()
            if not line.endswith(b"\n"):
                break
            lines.append(line[:-1].decode("utf-8"))
    print(json.dumps({
        "lines": len(lines),
        "posts": len(texts),
        "counted": count(lines),
        "expected": count(flat),
        "returns": sum("\r" in line for line in lines),
    }))


main()
