"""Pages.

Patterns: a decorator shared by many views, one of which enqueues (look-alikes: all the others); a
view hidden by a feature (look-alike: the GET beside it); a call under a configuration key.
Look-alike of a work queue: the feedback buffer has a `put` too.
"""

import json

from flask import Blueprint, request

import features
from app import app, export_logs_queue, feedback_buffer, feedback_queue, mail_queue
from data.logs_model import logs_model
from endpoints.decorators import no_store, route_show_if

web = Blueprint("web", __name__)


@web.route("/")
@no_store
def start():
    return {"host": app.config["SERVER_HOSTNAME"]}


@web.route("/v1")
@web.route("/v1/")
@no_store
@route_show_if(features.BUILD_SUPPORT)
def first_protocol():
    return "true"


@web.route("/contact", methods=["POST"])
@no_store
def contact():
    body = {"template": "contact", "address": request.form.get("address", "")}
    mail_queue.put(["contact"], json.dumps(body))
    return {"sent": True}


@web.route("/feedback", methods=["POST"])
@no_store
def feedback():
    body = json.dumps({"text": request.get_data(as_text=True)})
    feedback_queue.put(["feedback"], body)
    return {"kept": feedback_buffer.put(["feedback"], body)}


@web.route("/feedback", methods=["GET"])
def show_feedback():
    return {"waiting": feedback_queue.num_alive_jobs(["feedback"])}


@web.route("/exports/<namespace>/waiting", methods=["GET"])
@route_show_if(features.LOG_EXPORT)
def show_exports(namespace):
    return {"waiting": export_logs_queue.num_alive_jobs([namespace])}


@web.route("/exports/<namespace>", methods=["POST"])
@route_show_if(features.LOG_EXPORT)
def request_export(namespace):
    return {"job": logs_model.queue_logs_export(export_logs_queue, namespace)}
