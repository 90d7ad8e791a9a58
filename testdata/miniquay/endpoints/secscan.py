"""Callbacks of the security scanner.

Pattern: a direct `put`. Look-alikes: the other view in this file; and `notification_queue`, whose
name is part of the name of the queue used here. The feature test stands above the registration of
the route, so it wraps a function that nobody calls and guards nothing.
"""

import json

from flask import Blueprint, request

import features
from app import secscan_notification_queue
from endpoints.decorators import no_store, route_show_if

secscan = Blueprint("secscan", __name__)


@secscan.route("/status")
@no_store
def show_status():
    return {"waiting": secscan_notification_queue.num_alive_jobs(["scan"])}


@route_show_if(features.SCAN_CALLBACKS)
@secscan.route("/notification", methods=["POST"])
@no_store
def receive_notification():
    scan_id = request.get_json()["notification_id"]
    if not secscan_notification_queue.alive(["scan", scan_id]):
        body = {"notification_id": scan_id}
        secscan_notification_queue.put(["scan", scan_id], json.dumps(body))
    return "accepted"
