"""User files, served by class-based views that the application itself registers.

Patterns: `MethodView.as_view` with constructor arguments, where `put` enqueues and `get` does not;
a plain `View` whose `dispatch_request` picks the method itself, where again only PUT enqueues.
"""

import json

from flask import request
from flask.views import MethodView, View


class UserFileView(MethodView):
    def __init__(self, files):
        self._files = files

    def get(self, file_id):
        return {"path": self._files.path_of(file_id)}

    def put(self, file_id):
        return {"job": self._files.accept(file_id)}


class LogFileView(View):
    methods = ["GET", "PUT"]

    def __init__(self, files):
        self._files = files

    def dispatch_request(self, file_id):
        if request.method == "PUT":
            return self._write(file_id)
        return self._read(file_id)

    def _read(self, file_id):
        return {"path": self._files.path_of(file_id)}

    def _write(self, file_id):
        return {"job": self._files.accept(file_id)}


class UserFiles:
    def __init__(self, app, queue):
        self._root = app.config["USERFILES_PATH"]
        self._queue = queue
        app.add_url_rule(
            "/%s/<regex('[0-9a-z-]+'):file_id>" % self._root,
            view_func=UserFileView.as_view("userfiles", files=self),
        )
        app.add_url_rule("/logfiles/<file_id>", view_func=LogFileView.as_view("logfiles", self))

    def path_of(self, file_id):
        return "{}/{}".format(self._root, file_id)

    def accept(self, file_id):
        return self._queue.put([file_id], json.dumps({"kind": "userfile", "subject": file_id}))
