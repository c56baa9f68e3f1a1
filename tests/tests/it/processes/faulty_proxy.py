"""Stands between the load generator and the API server, and does to chosen posts what may befall them.

usage: faulty_proxy.py PORT UPSTREAM_PORT JSON

JSON maps the number of a post, from 1, to its fault:

hang      it is taken, not passed on, and never answered
plain     it is not passed on and answered with a plain-text 500
drip      it is not passed on and answered a byte at a time
cut       it is passed on, and the connection closed without an answer
short     it is passed on, and its answer is cut off in its middle
words     it is passed on and answered with 200 and no JSON
twice     it is passed on twice
alter     it is passed on with another `cid`
speechless it is passed on without one of its recordings, which the program answers with 500

Posts are passed on one at a time, as the guard does. Prints, for each: its number, key, fault, and
the id that the API server gave it.
"""

import http.client
import http.server
import json
import re
import sys
import threading
import time

faults = json.loads(sys.argv[3])
lock, counting, posts = threading.Lock(), threading.Lock(), [0]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(*self.passed_on(b""))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/inferences"):
            return self.answer(*self.passed_on(body))
        with counting:
            posts[0] += 1
            number = posts[0]
        fault = faults.get(str(number), "")
        key = re.search(rb'name="rgh"\r\n\r\n([^\r]+)', body).group(1).decode()
        status, text = 0, b""
        if fault not in ("hang", "plain", "drip"):
            if fault == "alter":
                body = body.replace(b'name="cid"\r\n\r\nspira', b'name="cid"\r\n\r\nSPYRA')
            if fault == "speechless":
                body = body.replace(b'name="parlenda"', b'name="parlendx"')
            with lock:
                for _ in range(2 if fault == "twice" else 1):
                    status, text = self.passed_on(body)
        inference = json.loads(text).get("inference_id") if status == 200 else None
        print(json.dumps({"number": number, "key": key, "fault": fault, "id": inference}), flush=True)
        if fault in ("cut", "short"):
            if fault == "short":
                self.start(200, len(text))
                self.wfile.write(text[:10])
        elif fault == "hang":
            time.sleep(60)
        elif fault == "plain":
            self.answer(500, b"Internal Server Error")
        elif fault == "drip":
            self.start(200, 1000)
            try:
                for _ in range(100):
                    self.wfile.write(b" ")
                    time.sleep(0.2)
            except OSError:
                pass
        elif fault == "words":
            self.answer(200, b"<html>welcome</html>")
        else:
            self.answer(status, text)

    def passed_on(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]), timeout=30)
        head = {n: v for n, v in self.headers.items() if n.lower() in ("authorization", "content-type")}
        try:
            connection.request(self.command, self.path, body or None, head)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 503, b"Service Unavailable"
        finally:
            connection.close()

    def start(self, status, length):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def answer(self, status, text):
        try:
            self.start(status, len(text))
            self.wfile.write(text)
        except OSError:  # Who asked has gone.
            pass

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
print("serving", flush=True)
server.serve_forever()
