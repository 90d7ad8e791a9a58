"""Routes that the storage layer adds to the application itself, with bound methods as views.

Pattern: the report view enqueues. Look-alike: the check view, a method of the same object.
"""

import json

from flask import request


class DownloadProxy:
    def __init__(self, app, queue):
        self._queue = queue
        app.add_url_rule("/_storage_proxy_auth", "_storage_proxy_auth", self._check)
        app.add_url_rule(
            "/_storage_proxy_report", "_storage_proxy_report", self._report, methods=["POST"]
        )

    def _check(self):
        return {"allowed": "X-Storage-Token" in request.headers}

    def _report(self):
        body = {"kind": "download", "subject": request.headers.get("X-Storage-Token", "")}
        return {"job": self._queue.put(["download"], json.dumps(body))}
