"""Team membership; imports its own package and uses it only when called (circular, and legal).

Pattern: invite_member enqueues a mail. Look-alike: list_members takes the same queue and only
looks.
"""

import json

from data import model


def invite_member(team, username, queue):
    body = {"template": "invitation", "address": model.user.address_of(username)}
    return queue.put([team], json.dumps(body))


def list_members(team, queue):
    return {"team": team, "invited": queue.num_alive_jobs([team])}
