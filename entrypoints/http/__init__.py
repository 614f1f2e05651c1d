"""The HTTP API: Altinn Notifications' wire format in front of the application, one room a resource.

In each room `routes` says what can be asked, `requests` what clients send and `responses` what they get
back. How all of it is carried, and how a refusal becomes an answer, is in `transport`.
A route is made of its handler and its description by `transport.contract.operation`; `transport.mounting`
makes Litestar's routes of them, and `openapi.document` the document.
"""
