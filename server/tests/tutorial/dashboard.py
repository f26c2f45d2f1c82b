"""Plays the tutorial's dashboard: takes boards at /updateData as its Flask program does.

    dashboard.py PORT

Prints its port (0: a free one), then each board that it was sent, with whether the two fields are written
exactly as Python prints lists. It ends when its standard input is closed.
"""

import ast
import http.server
import json
import sys
import threading
import urllib.parse


class Dashboard(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
        form = dict(urllib.parse.parse_qsl(body))
        if self.path != "/updateData" or "data" not in form:
            self.answer(400, b"error")
            return
        labels, values = ast.literal_eval(form["label"]), ast.literal_eval(form["data"])
        print(json.dumps({
            "type": self.headers["Content-Type"],
            "labels": labels,
            "values": values,
            "as_python": form["label"] == str(labels) and form["data"] == str(values),
        }))
        self.answer(201, b"success")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Dashboard)
    print(json.dumps(server.server_port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
