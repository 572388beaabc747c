"""How long hypothesis may search."""

import os

import hypothesis

# SCIM_EXAMPLES=20000 pytest tests/scim: a longer search
hypothesis.settings.register_profile(
    "suite",
    max_examples=int(os.environ.get("SCIM_EXAMPLES", "50")),
    deadline=None,
    derandomize="SCIM_EXAMPLES" not in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("suite")
