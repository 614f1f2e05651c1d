"""The inbox in PostgreSQL keeps the port's promises."""

from contracts.report_inbox_contract import ReportInboxContract


class TestPostgresReportInbox(ReportInboxContract):
    pass
