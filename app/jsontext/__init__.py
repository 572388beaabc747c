"""In charge of writing JSON for each user that is shown or kept: by orjson, in a tenth of json's time.

What only json can write, a number beyond 64 bits or half of a surrogate pair, json writes. It also reads: orjson would
make a float of such a number.
"""

import json
from collections.abc import Callable
from typing import Any

import orjson

STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS  # what is no JSON is no JSON here, too


def dump(value: Any, *, ordered: bool = False, default: Callable[[Any], Any] | None = None) -> str:
    """Write a value; `ordered`: with its names in order, so that equal values are equal texts.

    default: makes a JSON value of what is none. Raises TypeError.
    """
    try:
        return orjson.dumps(value, default, STRICT | orjson.OPT_SORT_KEYS if ordered else STRICT).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, sort_keys=ordered, separators=(",", ":"), default=default)
