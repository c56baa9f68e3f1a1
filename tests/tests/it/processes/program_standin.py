"""Stands for SPIRA's API server as far as the guard sees it, and counts.

usage: program_standin.py PORT

A POST takes as many seconds as its header X-Sleep says; one with X-Drop is never answered: the
connection is closed. GET /drop is closed the first time. GET /counts tells, as JSON, how many POSTs
there were, how many at once at most, and how long the last body was.
"""

import http.server
import json
import sys
import threading
import time

lock = threading.Lock()
counts = {"posts": 0, "now": 0, "most": 0, "length": 0, "drops": 0, "forwarded": None}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/drop":
            with lock:
                counts["drops"] += 1
            if counts["drops"] == 1:
                self.close_connection = True
                return
        self.answer(counts if self.path == "/counts" else {})

    def do_POST(self):
        with lock:
            counts["posts"] += 1
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        counts["length"] = len(self.rfile.read(int(self.headers["Content-Length"])))
        counts["forwarded"] = self.headers["X-Forwarded-For"]
        time.sleep(float(self.headers.get("X-Sleep", 0)))
        with lock:
            counts["now"] -= 1
        if self.headers.get("X-Drop"):
            self.close_connection = True
            return
        self.answer({"inference_id": "0"})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # Who asked has gone.
            self.close_connection = True

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("serving", flush=True)
server.serve_forever()
