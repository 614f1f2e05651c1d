"""The HTTP API: Altinn Notifications' wire format in front of the application, one room a resource.

In each room `routes` says what can be asked, `requests` what clients send and `responses` what they get
back. How all of it is carried, and how a refusal becomes an answer, is in `transport`.
Litestar routes; the routes by which orders are placed are raw ASGI inside it, since they are the ones in a hurry.
"""
