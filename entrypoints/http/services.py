"""What the routes ask of the application."""

from dataclasses import dataclass

from application.auditing import AuditingService
from application.counting import CountingService
from application.delivery.delivery_reports import ReportingService
from application.following import FollowingService
from application.health import HealthService
from application.ordering.instant_order_service import InstantService
from application.ordering.order_service import OrderingService
from application.reading import ReadingService
from application.subscribing import SubscribingService
from application.supporting import SupportService


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The application's services, as the API needs them."""

    ordering: OrderingService
    instant: InstantService
    reading: ReadingService
    auditing: AuditingService
    following: FollowingService
    subscribing: SubscribingService
    counting: CountingService
    supporting: SupportService
    reporting: ReportingService
    health: HealthService
