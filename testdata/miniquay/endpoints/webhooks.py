"""Four blueprints with hooks or error handlers, in one file.

Patterns: the before_request hook of `webhooks` and the after_request hook of `wellknown` enqueue,
so every route of these blueprints does. Look-alike: `realtime` has a hook before and one after;
neither enqueues. Pattern: an error handler of `githooks` enqueues, for the view that raises its
exception. Look-alike: the view beside it raises another exception, whose handler does not.
"""

import json

from flask import Blueprint, g, request

from app import app, audit_queue

webhooks = Blueprint("webhooks", __name__)
realtime = Blueprint("realtime", __name__)
wellknown = Blueprint("wellknown", __name__)
githooks = Blueprint("githooks", __name__)


@webhooks.before_request
def note_webhook():
    audit_queue.put(["webhook"], json.dumps({"kind": "webhook", "subject": request.path}))


@webhooks.route("/payment", methods=["POST"])
def payment():
    return "ok"


@webhooks.route("/status")
def status():
    return {"status": "up"}


@realtime.before_request
def count_waiting():
    g.waiting = audit_queue.num_alive_jobs(["webhook"])


@realtime.after_request
def add_waiting(response):
    response.headers["X-Waiting"] = str(g.waiting)
    return response


@realtime.route("/subscribe")
def subscribe():
    return {"events": []}


@wellknown.after_request
def note_lookup(response):
    audit_queue.put(["wellknown"], json.dumps({"kind": "wellknown", "subject": request.path}))
    return response


@wellknown.route("/capabilities")
def capabilities():
    return {"host": app.config["SERVER_HOSTNAME"]}


class HookRejected(Exception):
    pass


class HookIgnored(Exception):
    pass


@githooks.errorhandler(HookRejected)
def report_rejected(error):
    audit_queue.put(["hook"], json.dumps({"kind": "rejected", "subject": str(error)}))
    return "rejected", 400


@githooks.errorhandler(HookIgnored)
def accept_ignored(error):
    return "ignored", 202


@githooks.route("/github/<uuid>", methods=["POST"])
def github_hook(uuid):
    if not request.get_data():
        raise HookRejected(uuid)
    return "ok"


@githooks.route("/gitlab/<uuid>", methods=["POST"])
def gitlab_hook(uuid):
    if not request.get_data():
        raise HookIgnored(uuid)
    return "ok"
