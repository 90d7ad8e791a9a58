"""Login through outside services.

Pattern: a loop over the configured services registers routes with `add_url_rule` and rules made
with `%`. The callback enqueues. Look-alike: the attach view, a closure over the same service.
"""

import json

from flask import Blueprint, request

from app import mail_queue, oauth_login

oauthlogin = Blueprint("oauthlogin", __name__)


def _welcome(username):
    mail_queue.put([username], json.dumps({"template": "welcome", "address": username}))


def _add_routes(service):
    def callback():
        username = service.user_of(request.values.get("code", ""))
        _welcome(username)
        return {"user": username}

    def attach():
        return {"attached": service.user_of(request.values.get("code", ""))}

    oauthlogin.add_url_rule(
        "/%s/callback" % service.service_id(),
        "%s_callback" % service.service_id(),
        callback,
        methods=["GET", "POST"],
    )
    oauthlogin.add_url_rule(
        "/%s/callback/attach" % service.service_id(),
        "%s_attach" % service.service_id(),
        attach,
        methods=["GET"],
    )


for login_service in oauth_login.services:
    _add_routes(login_service)
