"""Catalogues as files: the bytes of the repository where nothing was changed, in again without a change, and every fault named."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.answers.catalogue import TRANSLATED, TRANSLATED_DOMAINS, Catalogues, locale_folder, read_catalogue
from bot.answers.exchange import FUZZY, LARGEST_FILE, Changes, export_all, export_catalogue, read_upload
from bot.answers.wording import Draft, Wordings
from bot.directory.records import Directory
from bot.errors import CatalogueRefused
from tests.builders import Clock

FILES = [("en", "messages"), ("en", "phrases"), *((code, domain) for code in TRANSLATED for domain in TRANSLATED_DOMAINS)]
HELLO, HELLO_EN = "phrase.start.hello", "Hello, and welcome."


@pytest.fixture
def wordings(engine: Engine) -> Wordings:
    return Wordings(engine, Clock())


@pytest.fixture
def changed(wordings: Wordings) -> Iterator[Catalogues]:
    """Catalogues over which officers can write; refresh them to have it said."""
    yield Catalogues(wordings=wordings)


def a_file(*entries: str, language: str = "uk") -> bytes:
    head = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    return (head + "\n\n".join(entries) + "\n").encode()


def an_entry(key: str = HELLO, text: str = "Вітаю!", *comments: str) -> str:
    return "\n".join([*comments, f'msgid "{key}"', f'msgstr "{text}"'])


def faults(content: bytes, catalogues: Catalogues, directory: Directory) -> list[tuple[int, str, str]]:
    with pytest.raises(CatalogueRefused) as refused:
        read_upload(content, catalogues, directory)
    return [(line, key, fault.key.rpartition(".")[2]) for line, key, fault in refused.value.faults]


def read(content: bytes, catalogues: Catalogues, directory: Directory) -> Changes:
    return read_upload(content, catalogues, directory)


@pytest.mark.parametrize(("language", "domain"), FILES)
def test_a_catalogue_that_nobody_changed_goes_out_as_it_is_in_the_repository(
    catalogues: Catalogues, directory: Directory, language: str, domain: str
) -> None:
    assert export_catalogue(catalogues, directory, language, domain) == (locale_folder(language) / f"{domain}.po").read_bytes()


def test_what_went_out_comes_in_again_without_a_change(
    changed: Catalogues, wordings: Wordings, directory: Directory, tmp_path: Path
) -> None:
    statement = directory.guidance[0]
    drafts = [
        Draft("phrases", "uk", HELLO, 'Вітаю, "друже" \\ !', HELLO_EN, "reviewed", "Олена О'Ніл", date(2026, 11, 30)),
        Draft("phrases", "ar", HELLO, "مرحبًا", HELLO_EN),
        Draft("phrases", "en", "phrase.end.goodbye", "Goodbye.", "Thank you for talking with us. Goodbye.", "reviewed"),
        Draft("phrases", "en", "phrase.ask.own_dentist", "Do you need a dentist?", "Do you need a dentist?", "reviewed"),
        Draft("answers", "en", "phrase.ask.own_dentist", "yes no", "Do you need a dentist?", "reviewed"),
        Draft("phrases", "en", "phrase.start.help", "", "I am here to help you find a service.", "reviewed"),
        Draft("guidance", "uk", statement.key, "Старе.", "An older English."),
    ]
    (waits,) = [kept for kept in wordings.propose(drafts, "Olga", 1) if kept.state == "waiting"]
    wordings.approve(waits.id, "Pavlo", 2)
    assert changed.refresh()
    files = export_all(changed, directory, tmp_path / "out")
    assert len(files) == len(FILES)
    for path in files:
        found = read(path.read_bytes(), changed, directory)
        assert found.changes == (), path
    again = export_all(changed, directory, tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in files]
    ukrainian = {message.id: message for message in read_catalogue("uk", "phrases", tmp_path / "out")}
    assert ukrainian[HELLO].user_comments == ["reviewed by Олена О'Ніл on 2026-11-30"]
    assert ukrainian[HELLO].string == 'Вітаю, "друже" \\ !'
    assert ukrainian["phrase.ask.own_dentist"].string == ""
    assert ukrainian["phrase.ask.own_dentist"].auto_comments == ["Do you need a dentist?", "answers: yes no"]
    assert ukrainian["phrase.end.goodbye"].fuzzy
    assert "phrase.start.help" not in ukrainian
    assert all(statement.key != key for _, key, why in read(files[-1].read_bytes(), changed, directory).aside if why == FUZZY)


def test_an_exported_catalogue_can_stand_in_data_locales(
    changed: Catalogues, wordings: Wordings, directory: Directory, tmp_path: Path
) -> None:
    wordings.propose([Draft("phrases", "uk", HELLO, "Вітаю!", HELLO_EN)], "Olga", 1)
    wordings.propose([Draft("phrases", "en", "phrase.end.goodbye", "Goodbye.", "Thank you for talking with us. Goodbye.")], "Olga", 1)
    changed.refresh()
    export_all(changed, directory, tmp_path)
    for name in ("staff", "officer"):
        (locale_folder("en", tmp_path) / f"{name}.po").write_bytes((locale_folder("en") / f"{name}.po").read_bytes())
    again = Catalogues(tmp_path)
    assert again.said("uk", HELLO).text == "Вітаю!"
    assert again.said("uk", "phrase.end.goodbye").lang == "en"
    assert again.say("en", "phrase.end.goodbye") == "Goodbye."


def test_a_changed_text_counts_as_unreviewed_unless_its_comment_changed_too(catalogues: Catalogues, directory: Directory) -> None:
    (change,) = read(a_file(an_entry(HELLO, "Вітаю!", "# machine-drafted", f"#. {HELLO_EN}")), catalogues, directory).changes
    assert (change.draft.text, change.draft.review, change.draft.english) == ("Вітаю!", "unreviewed", HELLO_EN)
    assert change.old == catalogues.say("uk", HELLO)
    (change,) = read(a_file(an_entry(HELLO, "Вітаю!", "# reviewed by Olena on 2026-11-29")), catalogues, directory).changes
    assert (change.draft.review, change.draft.reviewed_by, change.draft.reviewed_on) == ("reviewed", "Olena", date(2026, 11, 29))


def test_the_comment_of_the_text_before_is_not_taken_for_a_review_of_the_new_one(
    changed: Catalogues, wordings: Wordings, directory: Directory
) -> None:
    wordings.propose([Draft("phrases", "uk", HELLO, "Вітаю!", HELLO_EN, "reviewed", "Olena", date(2026, 11, 29))], "Olga", 1)
    changed.refresh()
    (change,) = read(a_file(an_entry(HELLO, "Привіт!", "# reviewed by Olena on 2026-11-29")), changed, directory).changes
    assert change.draft.review == "unreviewed"
    assert read(a_file(an_entry(HELLO, "Вітаю!", "# machine-drafted")), changed, directory).changes == ()


def test_a_native_speaker_s_reading_alone_is_a_change(catalogues: Catalogues, directory: Directory) -> None:
    same = catalogues.say("uk", HELLO)
    (change,) = read(a_file(an_entry(HELLO, same, "# reviewed by Olena on 2026-11-29")), catalogues, directory).changes
    assert (change.draft.text, change.draft.review) == (same, "reviewed")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (an_entry(HELLO, "Вітаю!", "#, fuzzy"), "fuzzy"),
        (an_entry(HELLO, ""), "empty"),
        (an_entry(HELLO, "Вітаю!", "#. Hello."), "other_english"),
    ],
)
def test_what_is_unsure_empty_or_made_from_another_english_is_left_aside_and_said(
    catalogues: Catalogues, directory: Directory, entry: str, why: str
) -> None:
    found = read(a_file(entry), catalogues, directory)
    assert found.changes == ()
    assert [(key, said) for _, key, said in found.aside] == [(HELLO, why)]


def test_english_that_a_program_broke_into_lines_is_still_the_english_of_now(catalogues: Catalogues, directory: Directory) -> None:
    found = read(a_file(an_entry(HELLO, "Вітаю!", "#. Hello,", "#. and welcome.", "#. note: a note")), catalogues, directory)
    assert len(found.changes) == 1


def test_every_fault_is_named_with_its_line_and_nothing_is_taken(catalogues: Catalogues, directory: Directory) -> None:
    content = a_file(
        an_entry("no.such.key"),
        an_entry(HELLO, "Вітаю, {name}!"),
        an_entry("phrase.end.goodbye", "01223 555123"),
        an_entry("phrase.end.goodbye", "Бувайте!"),
        an_entry("phrase.limits.cannot", "Ні.", "# reviewed by Olena"),
        'msgctxt "x"\nmsgid "phrase.start.help"\nmsgstr "Так"',
        'msgid "answer.yes"\nmsgid_plural "answers"\nmsgstr[0] "Так"\nmsgstr[1] "Так"',
    )
    found = faults(content, catalogues, directory)
    assert [fault for _, _, fault in found] == ["unknown", "more", "number", "twice", "reviewed", "plain", "plain"]
    lines = content.decode().splitlines()
    for line, key, _ in found[:5]:
        assert key in lines[line - 1]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xff\xfe", "utf8"),
        (b"x" * (LARGEST_FILE + 1), "large"),
        (b"just words\n", "syntax"),
        (b'msgid "a"\nmsgstr "b\n', "syntax"),
        (a_file(an_entry(), language="tlh"), "language"),
        (a_file(an_entry(), language=""), "language"),
        (an_entry().encode(), "language"),
        (b"", "language"),
        (a_file(an_entry("topic.esol", "English lessons"), language="en"), "english"),
    ],
)
def test_what_is_no_file_for_us_is_refused(catalogues: Catalogues, directory: Directory, content: bytes, fault: str) -> None:
    ((_, _, found),) = faults(content, catalogues, directory)
    assert found == fault


def test_an_english_phrase_can_be_changed_by_a_file(catalogues: Catalogues, directory: Directory) -> None:
    (change,) = read(a_file(an_entry(HELLO, "Hello!"), language="en"), catalogues, directory).changes
    assert (change.draft.language, change.draft.text, change.draft.english, change.old) == ("en", "Hello!", HELLO_EN, HELLO_EN)


def test_a_file_with_a_mark_of_its_encoding_and_windows_lines_is_read(catalogues: Catalogues, directory: Directory) -> None:
    content = b"\xef\xbb\xbf" + a_file(an_entry()).replace(b"\n", b"\r\n")
    assert len(read(content, catalogues, directory).changes) == 1


def test_a_file_that_counts_otherwise_is_refused(catalogues: Catalogues, directory: Directory) -> None:
    """Lithuanian with its second and third form exchanged."""
    rule = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 2 : 1);"
    entry = 'msgid "number.days"\nmsgid_plural "number.days"\n' + "\n".join(f'msgstr[{n}] "{{count}} dienų"' for n in range(3))
    content = f'msgid ""\nmsgstr ""\n"Language: lt\\n"\n"Plural-Forms: {rule}\\n"\n\n{entry}\n'.encode()
    ((_, _, fault),) = faults(content, catalogues, directory)
    assert fault == "plurals"
    assert read(content.replace(b"? 2 : 1)", b"? 1 : 2)"), catalogues, directory).changes


@pytest.mark.parametrize(("language", "forms", "faulty"), [("lt", 3, []), ("prs", 1, ["plurals"])])
def test_a_file_that_does_not_say_how_it_counts(
    catalogues: Catalogues, directory: Directory, language: str, forms: int, faulty: list[str]
) -> None:
    """Babel knows how Lithuanian counts, and nothing of Dari: its file is refused, not left aside as empty."""
    entry = 'msgid "number.days"\nmsgid_plural "number.days"\n' + "\n".join(f'msgstr[{n}] "{{count}} dienos"' for n in range(forms))
    content = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n\n{entry}\n'.encode()
    if faulty:
        assert [fault for _, _, fault in faults(content, catalogues, directory)] == faulty
    else:
        assert read(content, catalogues, directory).changes
