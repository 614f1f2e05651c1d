"""Where a gateway that speaks LINK Mobility's XML brings its delivery reports."""

from functools import partial
from typing import Final

from adapters.channels.link_mobility.delivery_reports import acknowledgement, read_link_reports
from application.ports.provider_kind import Acknowledgement, ReportDoor

LINK: Final = "link_mobility"

DOOR: Final = ReportDoor(
    path="/notifications/sms/api/v1/reports",
    operation="takeSmsReports",
    summary="Delivery reports of the SMS gateway",
    words="In LINK Mobility's XML. What is acknowledged has been kept.",
    media_types=("application/xml", "text/plain"),
    also_read=("text/xml",),
    example=(
        '<?xml version="1.0"?><MSGLST><MSG><ID>1</ID><REF>2C4D1A</REF>'
        "<RCV>4799999999</RCV><STATE>DELIVRD</STATE></MSG></MSGLST>"
    ),
    read=partial(read_link_reports, provider=LINK),
    acknowledgement=Acknowledgement(
        write=acknowledgement,
        media_type="application/xml",
        words="An acknowledgement of each report.",
    ),
)
