"""Which installation a command is about: the one that is named, the checkout's own, or the only one that runs."""

import os
from dataclasses import replace
from pathlib import Path

from entrypoints.cli.app import settings_from
from entrypoints.cli.refusal import Refusal
from entrypoints.running import Running, SomebodyElsesError, find, noted, notes_of
from entrypoints.settings import Settings


def settings_and_database() -> tuple[Settings, str]:
    """The settings of the caller, with the files and registers of the installation that runs; its database.

    Whoever names a database says everything; nothing is looked for then.

    Raises:
        Refusal: nothing runs, or it cannot be told which is meant.
    """
    settings = settings_from()
    if settings.database_url is not None:
        return settings, settings.database_url
    there = running(otherwise="or name a database with VARSEL_DATABASE_URL")
    there_too = replace(
        settings_from({**there.followed, **os.environ}),
        data=there.data,
        public_url=settings.public_url or there.base_url,
        key_file=settings.key_file or there.key_file,
        owners_file=settings.owners_file or there.owners_file,
    )
    return there_too, there.database


def running(otherwise: str | None = None) -> Running:
    """The installation that the command is about, which runs.

    Raises:
        Refusal: nothing runs, or it cannot be told which is meant; says what to do, or do `otherwise`.
    """
    found = _found()
    if found is None:
        start = "start it with `make run`" + (f", {otherwise}" if otherwise else "")
        raise Refusal(f"nothing runs on the data folder {settings_from().data}: {start}")
    return found


def data_folder() -> Path:
    """The data folder that the command is about, whether or not anything runs there.

    Raises:
        Refusal: several run, and none is named.
    """
    data = settings_from().data
    if _is_named():
        return data
    found = _found()
    return data if found is None else found.data


def _found() -> Running | None:
    data = settings_from().data
    elsewhere = noted(notes_of(os.environ))
    try:
        found = find(data)
    except SomebodyElsesError as problem:
        if _is_named() or not elsewhere:
            raise Refusal(str(problem)) from None
        found = None
    if found is not None or not elsewhere:
        return found
    folders = " and ".join(f"{each.data} ({each.base_url})" for each in elsewhere)
    if _is_named():
        raise Refusal(
            f"nothing runs on {data}, which VARSEL_DATA names, but on {folders}: "
            "name that, or start another with `make run`"
        )
    if len(elsewhere) > 1:
        raise Refusal(
            f"several installations run, on {folders}: "
            f"choose one, as in VARSEL_DATA={elsewhere[0].data}"
        )
    return elsewhere[0]


def _is_named() -> bool:
    return "VARSEL_DATA" in os.environ
