"""Every template fits the published schema of strategies, and what breaks a rule that a schema can say does not.

check.py SCHEMA TEMPLATES: two files with the answers of the API.
"""

import copy
import json
import sys

from jsonschema import Draft202012Validator


def data(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["data"]


def changed(document, path, value):
    """The document with another value at a path of keys."""
    other = copy.deepcopy(document)
    at = other
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return other


schema, templates = data(sys.argv[1]), data(sys.argv[2])
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
found = []
documents = {template["id"]: template["document"] for template in templates}
for name, document in documents.items():
    found += [f"{name}: {error.message[:200]}" for error in validator.iter_errors(document)]

cross, script, grid, dca = (documents[name] for name in ["sma-cross", "script-pullback", "grid", "dca"])
wrong = {
    "an unknown key": changed(cross, ["surprise"], 1),
    "two kinds at once": changed(cross, ["grid"], grid["grid"]),
    "an unknown indicator": changed(cross, ["indicators", "fast", "kind"], "smaa"),
    "a period of nought": changed(cross, ["indicators", "fast", "period"], 0),
    "an unknown operator": changed(cross, ["entry"], {"above": ["fast", "slow"]}),
    "one operand": changed(cross, ["entry"], {"gt": ["fast"]}),
    "an unknown time frame": changed(cross, ["market", "timeframe"], "7m"),
    "an amount as a number": changed(cross, ["sizing", "percent"], 95),
    "no source": changed(script, ["script"], {"parameters": {}}),
    "a parameter that is a text": changed(script, ["script", "parameters", "turn"], "35"),
    "a level": changed(grid, ["grid", "levels"], 1),
    "an unknown key of a grid": changed(grid, ["grid", "level"], 3),
    "orders without end": changed(dca, ["dca", "maxOrders"], 0),
    "no object": [],
}
found += [f"{name} fits" for name, document in wrong.items() if validator.is_valid(document)]
print("\n".join(found))
sys.exit(bool(found))
