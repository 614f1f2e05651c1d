"""What the routes ask of the application."""

from dataclasses import dataclass

from application.delivery.delivery_reports import ReportingService
from application.operations.health import HealthService
from application.ordering.instant_order_service import InstantService
from application.ordering.order_service import OrderingService
from application.queries.audit import AuditingService
from application.queries.orders import ReadingService
from application.queries.statistics import CountingService
from application.queries.status_feed import FollowingService
from application.queries.support import SupportService
from application.webhooks.subscriptions import SubscribingService


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
