"""Release packages in folders and archives that somebody else has made."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from som.cli import archives, files, packages
from som.cli.exits import Unusable

EXAMPLE = Path(__file__).parents[4] / "examples" / "releases" / "office-wifi-1.0.0"
RECIPES = EXAMPLE.parents[1] / "recipes"
MANIFEST = b"name: line\nversion: 1.0.0\n"


def tar(path: Path, members: dict[str, bytes], **special: bytes) -> Path:
    """A tar with these files, and members of a special type (`name=type`) that point outside."""
    with tarfile.open(path, "w:gz") as archive:
        for name, raw in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
        for name, kind in special.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    return path


def zipped(path: Path, members: dict[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = mode << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, raw)
    return path


def test_folder_and_archives_hold_the_same_package(tmp_path: Path) -> None:
    read = packages.read(EXAMPLE)
    packages.pack(EXAMPLE, tmp_path / "one.tgz")
    packages.pack(EXAMPLE, tmp_path / "two.tgz")
    assert (tmp_path / "one.tgz").read_bytes() == (tmp_path / "two.tgz").read_bytes()
    inside = {f"office/{name}": raw for name, raw in archives.read(EXAMPLE).items()}
    others = [tmp_path / "one.tgz", tar(tmp_path / "a.tar.gz", inside), zipped(tmp_path / "a.zip", inside)]
    assert [packages.read(path) for path in others] == [read] * 3
    assert [one["name"] for one in read.body["serviceSpecification"]] == ["access-point", "office-wifi"]
    assert read.body["check"][0]["name"] == "one room"
    assert [(one["name"], one["version"]) for one in read.body["recipe"]] == [("office-wifi-hand-over", "1.0.0")]
    assert read.body["recipe"][0]["binding"] == [{"specification": "office-wifi", "action": "add"}]
    assert read.place("/recipe/0/testCase/1") == "recipes/office-wifi-hand-over.yaml /testCase/1"


def test_recipes_are_drawn_written_or_named_with_what_stands_beside_them(tmp_path: Path) -> None:
    drawn = (RECIPES / "access-line.bpmn").read_bytes()
    manifest = (
        b"name: line\nversion: 3.0.0\nbpmn: ../drawn.bpmn\ntestCase: line.cases.yaml\n"
        b"form: [{name: report, schema: forms/report.json}]\ndecisionTable: [{name: price, dmn: price.dmn}]\n"
    )
    members = {
        "release.yaml": MANIFEST,
        "recipes/access-line.bpmn": drawn,
        "recipes/access-line.cases.yaml": (RECIPES / "access-line.cases.yaml").read_bytes(),
        "recipes/said.yaml": (RECIPES / "access-line.yaml").read_bytes(),
        "recipes/drawn.bpmn": drawn,
        "recipes/line/line.yaml": manifest,
        "recipes/line/line.cases.yaml": b"cases: [{name: a}]",
        "recipes/line/forms/report.json": b'{"type": "object"}',
        "recipes/line/price.dmn": b"<definitions/>",
    }
    read = packages.read(tar(tmp_path / "a.tgz", members))
    found = {one["name"]: one for one in read.body["recipe"]}
    assert {name: one["version"] for name, one in found.items()} == {
        "access-line": "1.0.0", "said": "1.0.0", "line": "3.0.0",
    }  # fmt: skip
    bound = [{"specification": "access-line", "action": "add"}]
    assert found["access-line"]["binding"] == found["said"]["binding"] == bound
    assert found["access-line"]["bpmn"] == found["line"]["bpmn"] == drawn.decode()
    assert found["access-line"]["testCase"] == found["said"]["testCase"]
    assert found["line"]["testCase"] == [{"name": "a"}]
    assert found["line"]["form"] == [{"name": "report", "schema": {"type": "object"}}]
    assert found["line"]["decisionTable"] == [{"name": "price", "dmn": "<definitions/>"}]


def test_a_place_is_told_as_file_and_pointer(tmp_path: Path) -> None:
    many = b'[{"name": "a"}, {"name": "b"}]'
    read = packages.read(zipped(tmp_path / "a.zip", {"release.yaml": MANIFEST, "catalogue/deep/two.json": many}))
    assert read.place("/serviceSpecification/1/fulfilment/add") == "catalogue/deep/two.json[1] /fulfilment/add"
    assert read.place("/version") == "release.yaml /version"
    assert read.place("/needs/0") == "release.yaml /needs/0"


@pytest.mark.parametrize("name", ["../release.yaml", "/release.yaml", "a/../../b.yaml", "a\\..\\b.yaml", "C:/b.yaml"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    for path in (tar(tmp_path / "a.tgz", {name: MANIFEST}), zipped(tmp_path / "a.zip", {name: MANIFEST})):
        with pytest.raises(Unusable, match="leads out"):
            packages.read(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(Unusable, match="is a link, a device"):
        packages.read(tar(tmp_path / "a.tgz", {"release.yaml": MANIFEST}, secret=kind))


def test_a_link_in_a_zip_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="is a link"):
        packages.read(zipped(tmp_path / "a.zip", {"release.yaml": b"/etc/passwd"}, mode=0o120777))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "release.yaml").symlink_to("/etc/hostname")
    with pytest.raises(Unusable, match="is a link"):
        packages.read(folder)


def test_what_unpacks_to_more_than_fits_is_refused(tmp_path: Path) -> None:
    zeros = bytes(archives.MAX_BYTES + 1)
    for path in (tar(tmp_path / "a.tgz", {"a.yaml": zeros}), zipped(tmp_path / "a.zip", {"a.yaml": zeros})):
        assert path.stat().st_size < 100_000
        with pytest.raises(Unusable, match="bytes together"):
            packages.read(path)
    many = {f"catalogue/{number}.yaml": b"" for number in range(archives.MAX_FILES + 1)}
    for path in (tar(tmp_path / "b.tgz", many), zipped(tmp_path / "b.zip", many)):
        with pytest.raises(Unusable, match="more than 2,000 files"):
            packages.read(path)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    with pytest.raises(Unusable, match="its aliases written out"):
        files.parse("\n".join(lines).encode(), "bomb.yaml")
    with pytest.raises(Unusable, match="its aliases written out"):
        files.parse(b"a: &a [*a]", "circle.yaml")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"catalogue/a.yaml": b"name: a"}, "no release.yaml"),
        ({"release.yaml": MANIFEST, "catalog-new/a.yaml": b"name: a"}, "nobody reads catalog-new/a.yaml"),
        ({"release.yaml": b"- a"}, "has to hold one object"),
        ({"release.yaml": MANIFEST, "checks/a.json": b"{"}, "checks/a.json cannot be parsed"),
        ({"release.yaml": MANIFEST, "recipes/a.cases.yaml": b"cases: []"}, "nobody reads recipes/a.cases.yaml"),
        ({"release.yaml": MANIFEST, "recipes/a.yaml": b"bpmn: b.bpmn"}, "b.bpmn cannot be read"),
        ({"release.yaml": MANIFEST, "recipes/a.yaml": b"recipe: a\nsteps: 1"}, "a.yaml:2: steps"),
    ],
)
def test_what_is_no_package_is_refused_with_the_reason(tmp_path: Path, members: dict[str, bytes], why: str) -> None:
    with pytest.raises(Unusable, match=why):
        packages.read(tar(tmp_path / "a.tgz", members))


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(Unusable, match="cannot be read as a package"):
        packages.read(tmp_path / "a.tgz")
