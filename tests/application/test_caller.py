"""A caller may do what its token says, and nothing else; an app may order without its saying so."""

from application.caller import COMPOSED, CREATE, SUPPORT, Caller


def test_a_caller_may_do_what_its_token_says() -> None:
    caller = Caller(owner="ttd", scopes=frozenset({CREATE}))

    assert caller.may(CREATE)
    assert not caller.may(SUPPORT)
    assert not caller.may("altinn:serviceowner/notifications")


def test_who_may_order_may_not_yet_compose() -> None:
    assert not Caller(owner="ttd", scopes=frozenset({CREATE})).may(COMPOSED)


def test_without_a_scope_nobody_orders_but_an_app() -> None:
    app = Caller(owner="ttd", credential="platform_access_token", app="apply")

    assert not Caller(owner="ttd").may(CREATE)
    assert app.may(CREATE)
    assert not app.may(COMPOSED)
    assert not app.may(SUPPORT)
