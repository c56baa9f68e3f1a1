"""Metrics in Prometheus's text format, and whether the program lives, over HTTP.

    metrics = Metrics()
    metrics.counter("spira_things_total", "Things done.")
    metrics.add("spira_things_total", 1, kind="a")
    serve(metrics, 9464, alive=lambda: True)

`/metrics` gives the metrics, `/healthz` 200 or 503. The standard library alone.
"""

import http.server
import threading


class Metrics:
    """Values by name and labels. Safe between threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._kinds = {}
        self._values = {}

    def counter(self, name, text):
        self._declare(name, "counter", text)

    def gauge(self, name, text):
        self._declare(name, "gauge", text)

    def _declare(self, name, kind, text):
        self._kinds[name] = (kind, text)
        self._values[name] = {}

    def set(self, name, value, **labels):
        with self._lock:
            self._values[name][tuple(sorted(labels.items()))] = value

    def add(self, name, value, **labels):
        """Adding 0 makes a series that can be told from one that does not exist."""
        with self._lock:
            series = self._values[name]
            key = tuple(sorted(labels.items()))
            series[key] = series.get(key, 0) + value

    def text(self):
        lines = []
        with self._lock:
            for name, (kind, text) in self._kinds.items():
                lines.append("# HELP %s %s" % (name, text))
                lines.append("# TYPE %s %s" % (name, kind))
                for labels, value in sorted(self._values[name].items()):
                    inside = ",".join('%s="%s"' % label for label in labels)
                    lines.append("%s%s %s" % (name, "{%s}" % inside if inside else "", value))
        return "\n".join(lines) + "\n"


def serve(metrics, port, alive):
    """Serves from a thread that ends with the process."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path == "/metrics":
                self.answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text())
            elif self.path == "/healthz":
                well = alive()
                self.answer(200 if well else 503, "text/plain", "ok\n" if well else "stuck\n")
            else:
                self.answer(404, "text/plain", "there are /metrics and /healthz\n")

        def answer(self, status, kind, text):
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Probes and scrapes are not worth a line each."""

    server = http.server.ThreadingHTTPServer(("", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
