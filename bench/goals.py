"""What is to be reached: a row for each kind of work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A kind of work: the most that a request may cost of the processor, in ms, and the least rate per second."""

    name: str
    title: str
    cpu: float | None = None
    rate: float | None = None


GOALS = (
    Goal("get", "GET by id", 1.1, 1000),
    Goal("filter_user_name", "filter userName eq", 1.1, 1000),
    Goal("filter_external_id", "filter externalId eq", 1.1, 1000),
    Goal("filter_email", "filter work e-mail eq", 1.1, 1000),
    Goal("list_first", "list of 100, first page", 8, 110),
    Goal("list_deep", "list of 100, at 90 % by cursor", 8, 110),
    Goal("post", "POST, one address", 2.3, 400),
    Goal("patch_active", "PATCH active", 1.9, 450),
    Goal("patch_name", "PATCH a name", 1.9, 450),
    Goal("put", "PUT", 2.2, 400),
    Goal("delete", "DELETE, with its journal", 1.8, 500),
    Goal("bulk", "create within a Bulk"),
    Goal("group_few", "add a member to a group of ten"),
    Goal("group_many", "add a member to the large group"),
)
BULK = 2.0  # times the rate of single creates
SPREAD = 0.15  # of the cost, between the smallest and the largest shop
GROUP = 0.15  # of the cost, between the large group and the one of ten
MEMORY = 120.0  # MB of a worker
GROWTH = 0.05  # of a worker's memory over the requests of the soak
FIRST_ANSWER = 2.0  # seconds
