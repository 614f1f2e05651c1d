"""The HTTP API: Altinn Notifications' wire format in front of the application, one module a resource.

What clients send is read in `requests`, what they get back is said in `answers_*`, and every refusal
becomes an answer in `problems`.
Litestar routes; the doors by which orders are placed are raw ASGI inside it, since they are the ones in a hurry.
"""
