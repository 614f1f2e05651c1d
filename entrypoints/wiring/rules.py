"""What the settings rule: how long things may take, and how much may be ordered."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Final

from application.assembly import Policy
from application.caller import Caller
from application.delivery.handover import Timing
from application.ordering.admission import EVERYBODY
from application.ports.owner_ledger import QuotaLimit
from application.profiles.verification import CodeSender
from domain.order.limits import Limits
from entrypoints.http.validation.rules import Rules
from entrypoints.settings import Settings

_OWNERS: Final = 1000
"""More than order within a short time."""


def policy(settings: Settings) -> Policy:
    """What the settings decide of the application."""
    return Policy(
        quota_limits=_ceilings(settings),
        limits=Limits(
            recipients=settings.max_recipients,
            attachments=settings.max_attachments,
            segments=settings.max_sms_segments,
        ),
        timing=Timing(
            send_within=timedelta(seconds=settings.send_within),
            slack=timedelta(seconds=settings.outcome_slack),
            report_wait=timedelta(seconds=settings.report_wait),
            authority_wait=timedelta(seconds=settings.authority_wait),
            lease=timedelta(seconds=settings.lease),
        ),
        profile_resource=settings.profile_resource,
        code_sender=CodeSender(
            owner=settings.internal_owner,
            email_sender=settings.email_sender,
            sms_sender=settings.sms_sender,
        ),
        instant_wait=timedelta(seconds=settings.instant_wait),
        suppress_for=timedelta(days=settings.suppression_days),
        registry_max_age=timedelta(seconds=settings.registry_max_age),
        registry_interval=timedelta(seconds=settings.registry_interval),
    )


def _ceilings(settings: Settings) -> Mapping[str, QuotaLimit]:
    recipients, segments = dict(settings.daily_recipients), dict(settings.daily_sms_segments)
    return {
        owner: QuotaLimit(
            recipients.get(owner, recipients.get(EVERYBODY)),
            segments.get(owner, segments.get(EVERYBODY)),
        )
        for owner in (EVERYBODY, *recipients, *segments)
    }


def rules_by(settings: Settings) -> Callable[[Caller], Rules]:
    """What an order of a caller has to keep to; made once for each owner."""

    @lru_cache(maxsize=_OWNERS)
    def of_owner(owner: str) -> Rules:
        return _rules(settings, owner)

    return lambda caller: of_owner(caller.owner)


def _rules(settings: Settings, owner: str) -> Rules:
    return Rules(
        owner=owner,
        email_sender=settings.email_sender,
        sms_sender=settings.sms_sender,
        max_recipients=settings.max_recipients,
        max_attachments=settings.max_attachments,
        max_sms_segments=settings.max_sms_segments,
        attachment_hosts=settings.attachment_hosts,
        delivery_policy=dict(settings.delivery_policies).get(owner.lower()),
        refuses_national_numbers=not {EVERYBODY, owner.lower()}.isdisjoint(
            each.lower() for each in settings.refuse_national_numbers
        ),
        stale_owners=frozenset(each.lower() for each in settings.stale_owners),
    )
