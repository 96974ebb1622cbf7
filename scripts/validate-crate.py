"""Validates a Workflow Run RO-Crate with the community's validator: validate-crate.py FOLDER

Needs roc-validator and rocrate 0.13.0 from PyPI. The validator fetches the JSON-LD context of RO-Crate 1.1 at every run; here
it is given the copy that the package rocrate ships, so that the outcome does not depend on a web server.
"""

import sys
from importlib import resources

import requests
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def get(self, url, **options):
    if url != CONTEXT:
        return self.__getattr__("get")(url, **options)
    response = requests.Response()
    response.status_code, response.url = 200, url
    response.headers["Content-Type"] = "application/ld+json"
    response._content = resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
    return response


HttpRequester.get = get

result = services.validate(
    services.ValidationSettings(
        rocrate_uri=sys.argv[1],
        profile_identifier="workflow-run-crate-0.5",
        requirement_severity=models.Severity.RECOMMENDED,
    )
)
issues = result.get_issues()
for issue in issues:
    print(f"{issue.check.severity.name} {issue.check.identifier}: {issue.message}")
isValid = not any(issue.check.severity >= models.Severity.REQUIRED for issue in issues)
print("valid" if isValid else "NOT valid", "as Workflow Run Crate 0.5:", sys.argv[1])
sys.exit(0 if isValid else 1)
