"""Identity providers as clients: what their screens want to be told, and what they send, as data; and how it is played.

Knows nothing of the service but its protocol over HTTP.
"""
