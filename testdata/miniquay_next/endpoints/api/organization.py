"""Organizations.

Patterns: a class and a function taken from configuration and called (look-alikes: the GET of the
same resource calls other configuration values of the same shape); a thread started within the
request (look-alikes: a thread whose target does not enqueue, and one that is made and never
started); functions imported from a package that re-exports them (look-alike: the GET calls the
other one).
"""

import json
from threading import Thread

from app import all_queues, app, audit_queue, mail_queue, namespace_gc_queue
from data import model
from data.model import invite_member, list_members
from endpoints.api import ApiResource, resource


@resource("/v1/organization/<orgname>")
class Organization(ApiResource):
    def delete(self, orgname):
        return {"job": model.user.retire_namespace(orgname, all_queues, namespace_gc_queue)}


@resource("/v1/organization/<orgname>/prune")
class OrganizationPrune(ApiResource):
    def get(self, orgname):
        policy = app.config["REPORT_POLICY"](audit_queue)
        return {"waiting": policy.apply(orgname)}

    def post(self, orgname):
        policy = app.config["PRUNE_POLICY"](audit_queue)
        return {"job": policy.apply(orgname)}


@resource("/v1/organization/<orgname>/rotation")
class OrganizationRotation(ApiResource):
    def get(self, orgname):
        return {"waiting": app.config["PREVIEW_STEP"](audit_queue, orgname)}

    def post(self, orgname):
        return {"job": app.config["ROTATION_STEP"](audit_queue, orgname)}


def _mail_members(orgname, queue):
    queue.put([orgname], json.dumps({"template": "sync", "address": orgname}))


def _count_members(orgname, queue):
    queue.num_alive_jobs([orgname])


@resource("/v1/organization/<orgname>/sync")
class OrganizationSync(ApiResource):
    def get(self, orgname):
        Thread(target=_count_members, args=(orgname, mail_queue)).start()
        return {"started": True}

    def post(self, orgname):
        worker = Thread(target=_mail_members, args=(orgname, mail_queue))
        worker.start()
        return {"started": True}, 202

    def put(self, orgname):
        worker = Thread(target=_mail_members, args=(orgname, mail_queue))
        return {"started": worker.is_alive()}


@resource("/v1/organization/<orgname>/team/<team>/member/<username>")
class TeamMember(ApiResource):
    def get(self, orgname, team, username):
        return list_members(f"{orgname}/{team}", mail_queue)

    def put(self, orgname, team, username):
        if not app.config["MAIL_ON_INVITE"]:
            return {"job": None}
        return {"job": invite_member(f"{orgname}/{team}", username, mail_queue)}
