"""How a Kannel gateway is named, and by which words it and we know each other."""

from collections.abc import Iterator
from dataclasses import dataclass

from application.setting import (
    SettingError,
    as_in_address,
    as_own_secret_in_address,
    as_url,
    as_visible,
    setting,
    travels_in_clear,
)


# `setting` is `dataclasses.field` with words
@dataclass(frozen=True, slots=True, kw_only=True)
class KannelSettings:
    """The variables `VARSEL_KANNEL_…`; without `VARSEL_KANNEL_URL` there is no such gateway."""

    url: str | None = setting(
        as_url("http", "https"), None, "a Kannel gateway's whole address for sending (…/sendsms)"
    )
    user: str = setting(as_visible, "varsel", "the user at Kannel")
    password: str | None = setting(as_visible, None, "the password at Kannel", secret=True)
    report_user: str = setting(as_in_address, "varsel", "the user by which Kannel reports")
    report_password: str | None = setting(
        as_own_secret_in_address,
        None,
        "the password by which Kannel reports; kept by Kannel",
        secret=True,
    )

    def __post_init__(self) -> None:
        """Refuse settings that do not go together.

        Raises:
            SettingError: says which, and what to do.
        """
        if clashes := list(self._clashes()):
            raise SettingError(*clashes)

    def _clashes(self) -> Iterator[str]:
        if travels_in_clear(self.url, self.password):
            yield (
                "VARSEL_KANNEL_URL: our credentials would travel there in clear: "
                "write https://, or let it lead to this machine"
            )
        together = (self.url, self.password, self.report_password)
        if any(together) and None in together:
            yield (
                "VARSEL_KANNEL_URL needs VARSEL_KANNEL_PASSWORD and VARSEL_KANNEL_REPORT_PASSWORD: "
                "without them Kannel takes nothing, and nobody could report"
            )
