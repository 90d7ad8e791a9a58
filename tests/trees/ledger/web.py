import os

from flask import Flask

from views import ledger, sso_back

app = Flask(__name__)
app.register_blueprint(ledger, url_prefix="/ledger")

for service in os.environ.get("SSO_SERVICES", "").split():
    app.add_url_rule("/sso/%s/back" % service, "sso_%s" % service, sso_back, methods=["GET"])
