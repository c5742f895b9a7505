"""Personal data is taken out of a visitor's words; what is not personal stays."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.understanding.names import NameFinder
from bot.understanding.redaction import MARK, Redacted
from bot.understanding.redaction import redact as redact_with

NAMES = NameFinder(
    ["my name is {name}", "{name} is my name", "ስመይ {name} እዩ", "我叫{name}", "اسمي {name}"],
    {"is", "on", "and", "i"},
    {"need", "house", "ابحث"},
)


def redact(text: str) -> Redacted:
    return redact_with(text, NAMES)


UK_MOBILES = [
    *("07911123456", "07911 123456", "07911 123 456", "0791 112 3456", "079 11 12 34 56", "0 7 9 1 1 1 2 3 4 5 6"),
    *("07911-123-456", "07911.123.456", "07911/123456", "07911  123456", "07911 - 123 - 456", "07911—123456", "(07911) 123456"),
    *("+447911123456", "+44 7911 123456", "+44 (0)7911 123456", "(+44) 7911 123456", "0044 7911 123456", "447911123456", "7911 123456"),
]
UK_LANDLINES = ["01223654321", "01223 654321", "(01223) 654321", "01354 65 43 21", "020 7946 0123", "+44 20 7946 0958", "0044 1223 654321"]
NUMBERS_FROM_ABROAD = [
    *("+380671234567", "+380 67 123 45 67", "+380 (67) 123-45-67", "00380 67 123 4567", "067 123 45 67", "380671234567"),
    *("0093701234567", "0093 70 123 4567", "+93 70 123 4567", "+93 (0) 70 123 4567", "0093-70-123-4567"),
    *("+852 9123 4567", "9123 4567", "+98 912 345 6789", "+963 944 123 456", "+964 770 123 4567", "+249 91 234 5678"),
]
NUMBERS_IN_OTHER_DIGITS = [
    *("٠٧٩١١١٢٣٤٥٦", "٠٧٩١١ ١٢٣٤٥٦", "+٤٤ ٧٩١١ ١٢٣٤٥٦", "٠٠٤٤٧٩١١١٢٣٤٥٦"),
    *("۰۷۹۱۱۱۲۳۴۵۶", "۰۷۹۱۱ ۱۲۳ ۴۵۶", "+۴۴ ۷۹۱۱ ۱۲۳۴۵۶", "۰۰۹۳ ۷۰ ۱۲۳ ۴۵۶۷"),
    *("０７９１１１２３４５６", "０７９１１　１２３４５６", "＋４４　７９１１　１２３４５６", "０７９１１－１２３－４５６"),
    *("०७९११ १२३४५६", "০৭৯১১১২৩৪৫৬", "0７911 12٣456"),
]
FRAMES = ["please call {} today", "мій номер {}, дякую", "رقمي {} شكرا", "شماره من {} است", "我電話係{}呀", "my tel:{}.", "{}"]


def without_digits(text: str) -> bool:
    return not any(unicodedata.category(c) == "Nd" for c in text)


@pytest.mark.parametrize("number", UK_MOBILES + UK_LANDLINES + NUMBERS_FROM_ABROAD + NUMBERS_IN_OTHER_DIGITS)
def test_no_digit_of_a_telephone_number_is_left_in_any_language(number: str) -> None:
    for frame in FRAMES:
        redacted = redact(frame.format(number))
        assert redacted.found, frame
        assert MARK in redacted.text
        assert without_digits(redacted.text), redacted.text


@pytest.mark.parametrize(
    "identifier",
    [
        *("QQ 12 34 56 C", "AB123456C", "ab 12 34 56 d", "JG103759A", "AB 123456 C", "AB-12-34-56-C"),
        *("A1234567", "A1234567/001", "A 1234567", "m1234567", "B 1 2 3 4 5 6 7", "GWF012345678", "GWF 0123 45678", "1234-5678-9012-3456"),
        *("ZX1234567", "ARC/12/123456", "12/345678/9", "ARC ZX 123 4567"),
        *("RZ1234567", "rz 123 4567", "ZU 1234567"),
        *("123456789", "FE 123456", "FX123456", "P01234567", "K12345678", "АА123456", "1401040112345"),
        *("943 476 5919", "UAN 1234-1234-1234-1234"),
    ],
)
def test_no_digit_of_an_identity_number_is_left(identifier: str) -> None:
    for frame in ("my number is {}", "мій паспорт {} загубили", "رقم الجواز {}", "護照號碼{}"):
        redacted = redact(frame.format(identifier))
        assert redacted.found, frame
        assert without_digits(redacted.text), redacted.text


@pytest.mark.parametrize(
    "details",
    [
        *(
            "sort code 12-34-56 account 12345678",
            "sort code 12 34 56, account number 1234 5678",
            "sort 123456 acc 12345678",
            "12-34-56 12345678",
        ),
        *("card 4929 1234 5678 9012", "4929123456789012", "4929-1234-5678-9012", "amex 3714 496353 98431"),
        *("aspen ٤٩٢٩ ١٢٣٤ ٥٦٧٨ ٩٠١٢", "card ４９２９１２３４５６７８９０１２"),
        *("GB29 NWBK 6016 1331 9268 19", "gb29nwbk60161331926819", "UA213223130000026007233566001", "DE89 3704 0044 0532 0130 00"),
    ],
)
def test_no_digit_of_bank_details_is_left(details: str) -> None:
    redacted = redact(f"pay into {details} please")
    assert redacted.found
    assert without_digits(redacted.text), redacted.text


@pytest.mark.parametrize(
    "address",
    [
        "anna.k@example.com",
        "ANNA_K+x@mail.example.co.uk",
        "anna @ example.com",
        "оля@приклад.укр",
        "user@مثال.com",
        "ｕｓｅｒ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    ],
)
def test_an_email_address_goes_whole(address: str) -> None:
    assert redact(f"write to {address} ok").text == f"write to {MARK} ok"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I live in CB1 2AB", f"I live in CB1 {MARK}"),
        ("cb12ab", f"cb1{MARK}"),
        ("CB1 2AB, flat 3", f"CB1 {MARK}, flat 3"),
        ("pe13 1ae is mine", f"pe13 {MARK} is mine"),
        ("PE29 3TN?", f"PE29 {MARK}?"),
        ("SW1A 1AA", f"SW1A {MARK}"),
        ("EC1A1BB", f"EC1A{MARK}"),
        ("мій індекс CB7 4AA", f"мій індекс CB7 {MARK}"),
        ("عنواني PE13 1AE", f"عنواني PE13 {MARK}"),
        ("我住CB4 2QH", f"我住CB4 {MARK}"),
        ("ساكن بCB4 2QH", f"ساكن بCB4 {MARK}"),
        ("ＣＢ１　２ＡＢ", f"ＣＢ１　{MARK}"),
        ("from CB1 2AB to PE13 1AE", f"from CB1 {MARK} to PE13 {MARK}"),
    ],
)
def test_the_last_half_of_a_postcode_goes_and_the_outward_half_stays(text: str, expected: str) -> None:
    assert redact(text).text == expected


@pytest.mark.parametrize("text", ["I live at cb1 2 ab", "my postcode CB 1 2AB", "CB1-2AB"])
def test_the_last_half_of_an_oddly_spaced_postcode_goes_too(text: str) -> None:
    assert "ab" not in redact(text).text.casefold()


@pytest.mark.parametrize(
    "text",
    [
        *("call 999 now", "ring 111 or 101", "999", "хто відповість на 112", "اتصل 999", "١١١", "打999"),
        *("12/05/2023", "12-05-2023", "12.05.2023", "2023-05-12", "12/5/23", "12/05/23", "12.05.23", "5 May 2023", "May 12 2023"),
        *("з 24.02.2022 до 24.08.2023", "١٢/٥/٢٠٢٣", "۱۴۰۲/۰۵/۱۲", "2022年3月15日", "24/11/2026 at 10:15"),
        *("2019", "since 1985", "from 2019 to 2023", "2019-2023", "in 2019/2020", "у 2022 році", "سنة ٢٠٢٣", "in 2022, 2023 and 2024"),
        *("rent is £1,200 a month", "£1200", "£ 850", "1200 pounds", "£49.18 a week", "€300", "2500 GBP", "£38,700 salary", "500£"),
        *("10000 грн", "٣٠٠ جنيه", "每月£800", "£800 - £1000", "1,200,000 pounds", "£12,345,678"),
        *("section 95", "section 98 support", "Section 4(2)", "article 8", "form IS96", "FLR(FP)", "year 10"),
        *("2 children", "2 children, 5 and 7 years", "pregnant 32 weeks", "I waited 12 months", "visa for 5 years", "4 people in 2 rooms"),
        *("flat 12", "flat 12, 34 Mill Road", "room 214", "CB1", "PE13"),
        *("8am-5pm", "08:00-17:00", "9.30-16.30", "08.00-17.00", "9:30-12:30 and 13:30-16:00", "24/7", "上午9:30-11:00", "۸ صبح تا ۵ عصر"),
        *("bus 9", "bus 905 or 66", "buses 9, 39, 66, 905", "A14", "A1307", "M11", "busway B"),
        *("IELTS 6.5", "level B1", "ESOL entry 1 2 3", "16-17", "18+", "100%", "500 mg", "blood pressure 140/90", "20 hours 5 days"),
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    redacted = redact(text)
    assert redacted.text == text
    assert not redacted.found


@pytest.mark.parametrize(
    ("text", "secret", "kept"),
    [
        ("07911123456 £20 an hour", "07911123456", "£20 an hour"),
        ("call 07911 123456 £50 for the room", "123456", "£50 for the room"),
        ("£20 07911123456", "07911123456", "£20"),
        ("£49.18 12345678", "12345678", "£49.18"),
        ("07911123456£", "07911123456", ""),
        ("07911123456 pounds", "07911123456", ""),
        ("07911 123456 12/05/2023", "123456", "12/05/2023"),
        ("12/05/1990 07911123456", "07911123456", "12/05/1990"),
        ("passport 123456789 12/05/1990", "123456789", "12/05/1990"),
        ("passport AB1234567 12/05/1990", "1234567", "12/05/1990"),
        ("07911 123456 2019-05-12", "123456", "2019-05-12"),
        ("08:00-17:00 07911123456", "07911123456", "08:00-17:"),
        ("section 95, 07911123456", "07911123456", "section 95, "),
        ("2 children 07911123456", "07911123456", "2 children "),
        ("call 999 or 07911123456", "07911123456", "999"),
        ("CB1 2AB 07911123456", "07911123456", "CB1 "),
        ("anna@example.com 07911123456", "07911123456", ""),
    ],
)
def test_personal_data_beside_what_stays_goes_all_the_same(text: str, secret: str, kept: str) -> None:
    redacted = redact(text).text
    assert secret not in redacted
    assert kept in redacted


@pytest.mark.parametrize("number", ["07911 123456", "12345678", "+44 7911 123456"])
@pytest.mark.parametrize("word", ["help", "rent", "food", "wife", "Soham", "landlord"])
def test_the_word_before_a_number_stays(word: str, number: str) -> None:
    assert redact(f"{word} {number}").text == f"{word} {MARK}"


@pytest.mark.parametrize(
    "text",
    [
        "07911123456 or 07922 654321",
        "07911123456,07922654321",
        "07911 123456 07911 123457 07911 123458 07911 123459",
        "07911123456079226543210793399887",
        "4929 1234 5678 9012 4929 1234 5678 9013",
    ],
)
def test_several_numbers_in_a_row_all_go(text: str) -> None:
    assert without_digits(redact(text).text)


NEIGHBOURS = [
    *("£", "£20", "20 pounds", "€", "12/05/2023", "2023", "999", "section 95", "CB1 2AB", "CB1", "8am-5pm", "08:00-17:00", "flat 12"),
    *("a@example.com", "AB123456C", MARK, "+", "(", ")", "-", ".", "/", ",", "і", "تلفن", "電話", "call", "07922654321", "\n"),
]
NOISE = st.lists(st.one_of(st.sampled_from(NEIGHBOURS), st.text(max_size=8)), max_size=5).map(" ".join)
MOBILES = st.integers(0, 999_999_999).map("07{:09d}".format)
SCRIPTS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９"]


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=200), NOISE))
def test_redaction_never_raises_and_says_whether_it_changed_the_text(text: str) -> None:
    redacted = redact(text)
    assert redacted.found == (redacted.text != text)


@settings(max_examples=500)
@given(st.one_of(st.text(max_size=200), NOISE))
@example("07911123456£07911123456")
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text).text
    assert redact(once).text == once


@settings(max_examples=500)
@given(before=st.text(max_size=60), number=MOBILES, after=st.text(max_size=60))
def test_a_mobile_number_never_survives_in_random_text(before: str, number: str, after: str) -> None:
    assert number not in redact(f"{before} {number} {after}").text


@settings(max_examples=500)
@given(before=NOISE, number=MOBILES, after=NOISE)
def test_a_mobile_number_never_survives_beside_sums_dates_and_addresses(before: str, number: str, after: str) -> None:
    assert number not in redact(f"{before} {number} {after}").text


@settings(max_examples=300)
@given(
    before=st.text(st.characters(exclude_categories=("N", "S", "Cs")), max_size=30),
    number=MOBILES,
    gaps=st.lists(st.sampled_from(["", "", " ", "-", ".", "\u00a0"]), min_size=10, max_size=10),
    script=st.sampled_from(SCRIPTS),
    after=st.text(st.characters(exclude_categories=("N", "S", "Cs")), max_size=30),
)
def test_a_mobile_number_in_any_digits_and_groups_leaves_no_digit(
    before: str, number: str, gaps: list[str], script: str, after: str
) -> None:
    written = "".join(script[int(digit)] + gap for digit, gap in zip(number, [*gaps, ""], strict=True))
    assert without_digits(redact(f"{before} {written} {after}").text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("my name is Ahmad al-Mohammadi i need house", f"my name is {MARK} i need house"),
        ("My name is Maria Lopez. Thank you", f"My name is {MARK}. Thank you"),
        ("Fatima Noor is my name", f"{MARK} is my name"),
        ("ስመይ ኣብርሃም ተስፋይ እዩ", f"ስመይ {MARK} እዩ"),
        ("我叫陳大文想搵屋", f"我叫{MARK}想搵屋"),
        ("اسمي نور", f"اسمي {MARK}"),
    ],
)
def test_a_name_given_as_such_is_taken_out(text: str, kept: str) -> None:
    assert redact(text) == Redacted(kept, True)


@pytest.mark.parametrize("text", ["my name is on the list", "my name is", "what is your name", "Ahmad said so"])
def test_what_is_no_name_stays(text: str) -> None:
    assert redact(text) == Redacted(text, False)
