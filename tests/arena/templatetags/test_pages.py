from django.template import Context, Template


def test_minus_takes_one_number_from_another() -> None:
    assert Template("{% load pages %}{{ goal|minus:left }}").render(Context({"goal": 10, "left": 3})) == "7"
