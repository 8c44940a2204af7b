"""Getting in: the site's own log-in with its limits, and a password of one's own first."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from arena.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
INDEX = "/admin/"
NEW_PASSWORD = "bertso-plaza-1980"


def _change_password(client: Client, old: str = PASSWORD) -> None:
    data = {"old_password": old, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert client.post(reverse("admin:password_change"), data).status_code == 302


def test_the_way_in_is_the_page_with_limits_on_attempts(client: Client) -> None:
    first = client.get(INDEX)
    second = client.get(first.headers["Location"])
    assert second.headers["Location"].startswith(reverse("account_login"))
    assert "admin" in second.headers["Location"]
    # Posting to Django's own form gets no further.
    user = UserFactory(admin=True)
    response = client.post(reverse("admin:login"), {"username": user.username, "password": PASSWORD})
    assert response.headers["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in client.session


def test_an_admin_who_logs_in_lands_where_they_wanted(client: Client) -> None:
    user = UserFactory(admin=True)
    address = f"{reverse('account_login')}?next={INDEX}"
    response = client.post(address, {"login": user.username, "password": PASSWORD, "next": INDEX})
    assert response.headers["Location"] == INDEX
    assert client.get(INDEX).status_code == 200


@pytest.mark.parametrize("address", [INDEX, "/admin/arena/battle/", "/admin/arena/matchup/add/"])
def test_a_given_password_is_changed_before_anything_else(client: Client, address: str) -> None:
    client.force_login(UserFactory(admin=True, first_login=True))
    response = client.get(address, follow=True)
    assert response.redirect_chain == [(reverse("admin:password_change"), 302)]
    assert response.context["messages"]


def test_nothing_is_done_before_it_either(client: Client) -> None:
    client.force_login(UserFactory(admin=True, first_login=True))
    data = {"name": "x", "base_url": "http://127.0.0.1:1/v1", "model_name": "x"}
    response = client.post("/admin/inference/servedmodel/add/", data)
    assert response.headers["Location"] == reverse("admin:password_change")
    from inference.models import ServedModel

    assert not ServedModel.objects.exists()


def test_after_the_change_everything_is_open(client: Client) -> None:
    user = UserFactory(admin=True, first_login=True)
    client.force_login(user)
    _change_password(client)
    user.refresh_from_db()
    assert not user.must_change_password
    assert user.check_password(NEW_PASSWORD)
    assert client.get(reverse("admin:password_change_done")).headers["Location"] == INDEX
    assert client.get(INDEX).status_code == 200


def test_one_can_log_out_without_changing_it(client: Client) -> None:
    client.force_login(UserFactory(admin=True, first_login=True))
    assert client.post(reverse("admin:logout")).headers["Location"] == reverse("arena:home")
    assert "_auth_user_id" not in client.session


def test_a_password_that_is_hashed_anew_is_not_a_changed_one(settings: Any) -> None:
    """Django hashes again when the way of hashing has changed, by the same method that sets a new password."""
    user = UserFactory(admin=True, first_login=True)
    old = user.password
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    user.refresh_from_db()
    assert user.password != old
    assert user.must_change_password


def test_a_password_that_an_admin_sets_for_another_is_changed_by_the_other(client: Client) -> None:
    client.force_login(UserFactory(admin=True))
    other = UserFactory(admin=True)
    data = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
    assert client.post(f"/admin/arena/user/{other.pk}/password/", data).status_code == 302
    other.refresh_from_db()
    assert other.must_change_password
    assert other.check_password(NEW_PASSWORD)


def test_a_new_admin_changes_the_password_that_was_chosen_for_them(client: Client) -> None:
    client.force_login(UserFactory(admin=True))
    data = {
        "username": "kudeatzailea",
        "email": "kudeatzailea@example.eus",
        "usable_password": "true",
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
        "is_staff": "on",
    }
    response = client.post("/admin/arena/user/add/", data)
    assert response.status_code == 302, response.context["errors"]
    assert User.objects.get(username="kudeatzailea").must_change_password
