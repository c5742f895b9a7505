"""Which language a message is in, and which one a conversation goes on in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.language import LanguageModel

SHORT = {
    "en": [
        *("need a solicitor", "my landlord is angry", "where library please", "thank you very much", "I lost my job"),
        *("need warm clothes", "baby has fever", "is it free"),
    ],
    "uk": [
        *("де знайти лікаря", "мене вигнали з дому", "школа для сина", "хочу працювати тут", "дякую за допомогу"),
        *("потрібна допомога сьогодні", "не маю грошей", "безкоштовний одяг є"),
    ],
    "ar": [
        *("وين اقرب دكتور", "ابني مريض جدا", "ما معي مصاري", "هل هذا سري", "محتاج سكن ضروري"),
        *("شكرا جزيلا لكم", "بدي اتعلم لغة", "زوجي ضربني اليوم"),
    ],
    "fa": [
        *("کجا وکیل پیدا کنم", "پسرم مریض است", "من گرسنه هستم", "پول نداریم دیگر", "خانه ندارم امشب"),
        *("ممنون از شما", "بچه ام تب دارد", "چطور کار پیدا کنم"),
    ],
    "zh-Hant": ["邊度有醫生", "我冇錢交租", "多謝你幫手", "搵律師得唔得", "請問圖書館喺邊", "想返工呀", "早晨呀", "幾點開門"],
    "ru": [
        *("где найти врача", "мне нужна помощь", "у меня нет денег", "нужен адвокат срочно", "спасибо вам большое"),
        *("не могу платить за квартиру", "где ближайшая библиотека", "ребенок болен сегодня"),
    ],
    "prs": [
        "شفاخانه کجاست لطفا",
        "پسرم مکتب میرود",
        "مه نو آمدیم اینجه",
        "تذکره ندارم چی کنم",
        "داکتر میتانم ببینم",
        "پوهنتون رفته نمیتانم",
    ],
    "ps": ["زه مرسته غواړم", "روغتون چیرته دی", "ماشوم مې ناروغ دی", "زما کور نشته", "تاسو پښتو وایئ", "انګلیسي زده کوم زه"],
    "ckb": [
        "یارمەتیم پێویستە تکایە",
        "نەخۆشخانە لە کوێیە",
        "خواردنم نییە ئەمڕۆ",
        "منداڵەکەم نەخۆشە زۆر",
        "من پارەم نییە",
        "کارم نییە ئێستا",
    ],
    "ti": ["ሓገዝ የድልየኒ ኣሎ", "ሓኪም ኣበይ ኣሎ", "ገዛ የብለይን ሎሚ", "ከመይ ኣለኹም ኩልኹም", "ቤት ትምህርቲ ንውላደይ", "እንግሊዝኛ ክመሃር ይደሊ"],
}


@pytest.mark.parametrize(("text", "code"), [(text, code) for code, texts in SHORT.items() for text in texts])
def test_a_message_of_a_few_words_is_known(languages: LanguageModel, text: str, code: str) -> None:
    assert languages.identify(text).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I came here two weeks ago and I would like to know how to see a doctor for my daughter", "en"),
        ("Я приїхала сюди два тижні тому й хотіла б знати, як записати доньку до лікаря", "uk"),
        ("جئت إلى هنا قبل أسبوعين وأريد أن أعرف كيف أسجل ابنتي عند الطبيب", "ar"),
        ("دو هفته پیش به اینجا آمدم و می‌خواهم بدانم چطور دخترم را پیش پزشک ببرم", "fa"),
        ("我兩個星期前先到呢度，想知點樣幫個女登記睇醫生", "zh-Hant"),
        ("我两个星期前来到这里，想知道怎么给女儿登记看医生", "zh-Hans"),
        ("Я приехала сюда две недели назад и хочу узнать, как записать дочь к врачу", "ru"),
        ("دوه اونۍ مخکې دلته راغلم او غواړم پوه شم چې لور مې څنګه ډاکټر ته بوځم", "ps"),
        ("دوو هەفتە پێش ئێستا هاتمە ئێرە و دەمەوێت بزانم چۆن کچەکەم ببەم بۆ لای پزیشک", "ckb"),
        ("ቅድሚ ክልተ ሰሙን ናብዚ መጺአ፡ ንጓለይ ናብ ሓኪም ብኸመይ ከም ዝወስዳ ክፈልጥ ደልየ", "ti"),
        ("میں دو ہفتے پہلے یہاں آیا ہوں اور اپنی بیٹی کو ڈاکٹر کے پاس لے جانا چاہتا ہوں", "ur"),
        ("Przyjechałam tutaj dwa tygodnie temu i chcę zapisać córkę do lekarza", "pl"),
        ("Waxaan halkan imid laba toddobaad ka hor, waxaan doonayaa inaan gabadhayda dhakhtar u geeyo", "so"),
    ],
)
def test_a_whole_sentence_is_known_for_sure(languages: LanguageModel, text: str, code: str) -> None:
    found = languages.identify(text)
    assert (found.code, found.sure) == (code, True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("потрібен GP для мами", "uk"),
        ("ESOL курси", "uk"),
        ("Home Office мовчить", "uk"),
        ("يعني ايش NRPF", "ar"),
        ("council tax كيف ادفعها", "ar"),
        ("بدي ESOL course", "ar"),
        ("برای ESOL کجا بروم", "fa"),
        ("نامه Home Office آمد", "fa"),
        ("點先攞到Universal Credit", "zh-Hant"),
        ("想book ESOL class得唔得", "zh-Hant"),
        ("GP點register呀", "zh-Hant"),
    ],
)
def test_english_terms_do_not_make_a_message_english(languages: LanguageModel, text: str, code: str) -> None:
    assert languages.settle(text, None, None, None) == code


@pytest.mark.parametrize("text", ["", "123", "?!", "👍", "£20 12:30"])
def test_nothing_can_be_told_from_a_message_without_letters(languages: LanguageModel, text: str) -> None:
    assert languages.identify(text).code is None


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_no_text_upsets_identification(languages: LanguageModel, text: str) -> None:
    languages.identify(text)
    assert languages.settle(text, None, "uk", "ar")


@pytest.mark.parametrize("text", ["hello where is the food bank", "де лікар", "أين الطبيب", "", "👍"])
def test_the_language_a_person_chose_stays_whatever_they_write(languages: LanguageModel, text: str) -> None:
    assert languages.settle(text, "fa", "uk", "ar") == "fa"


@pytest.mark.parametrize(
    ("text", "session"),
    [
        *(("ok", "uk"), ("thanks", "ar"), ("Cambridge", "fa"), ("in Ely", "uk"), ("ESOL", "zh-Hant"), ("Home Office", "ar")),
        *(("council tax bill", "zh-Hant"), ("Universal Credit", "fa"), ("👍", "fa"), ("07911", "ar"), ("???", "uk"), ("", "ar")),
        *(("مرحبا", "fa"), ("سلام", "ar"), ("спасибо", "uk"), ("дякую", "ru"), ("no", "zh-Hant")),
        ("як записатись у Citizens Advice Cambridge bureau", "uk"),
        ("رسالة من Home Office immigration bail conditions", "ar"),
        ("landlord increase rent 點算", "zh-Hant"),
        ("چطور Universal Credit journal بسازم", "fa"),
    ],
)
def test_a_short_or_mixed_message_leaves_the_language_of_the_conversation(languages: LanguageModel, text: str, session: str) -> None:
    assert languages.settle(text, None, session, "en") == session


@pytest.mark.parametrize(
    ("text", "session", "switched"),
    [
        ("Please write to me in this language from now on", "uk", "en"),
        ("де тут можна поїсти", "en", "uk"),
        ("أين أجد محاميا بالقرب مني", "en", "ar"),
        ("می‌خواهم با کسی حرف بزنم", "ar", "fa"),
        ("我想知點樣搵屋", "en", "zh-Hant"),
        ("где ты был вчера", "uk", "ru"),
    ],
)
def test_a_message_surely_in_another_language_changes_the_conversation(
    languages: LanguageModel, text: str, session: str, switched: str
) -> None:
    assert languages.settle(text, None, session, session) == switched


@pytest.mark.parametrize(
    ("text", "page", "expected"),
    [
        *(("hi", "uk", "uk"), ("12", "ar", "ar"), ("👍", "fa", "fa"), ("Wisbech", "uk", "uk"), ("ESOL", "zh-Hant", "zh-Hant")),
        *(("hello where is the food bank", "uk", "en"), ("привіт", "en", "uk"), ("我想學英文", "en", "zh-Hant")),
    ],
)
def test_the_first_message_counts_where_it_is_sure_and_the_page_where_not(
    languages: LanguageModel, text: str, page: str, expected: str
) -> None:
    assert languages.settle(text, None, None, page) == expected


@pytest.mark.parametrize("text", ["", "12", "👍", "ok", "hi", "Wisbech", "Soham", "ESOL", "NRPF", "GP", "help", "my landlord is angry"])
def test_a_first_message_of_which_nothing_sure_is_known_is_answered_in_english(languages: LanguageModel, text: str) -> None:
    assert languages.settle(text, None, None, None) == "en"


def test_a_message_without_letters_of_its_own_stays_in_the_conversations_slavic_language(languages: LanguageModel) -> None:
    text = "ой помилилась, я не по homes for ukraine"
    assert languages.settle(text, None, "uk", None) == "uk"
    assert languages.settle("мы живём в Или", None, "uk", None) == "ru"


@pytest.mark.parametrize(
    ("session", "page", "expected"),
    [(None, "prs", "prs"), ("prs", "fa", "prs"), ("prs", "prs", "prs"), (None, "fa", "fa"), ("fa", "prs", "fa")],
)
def test_persian_is_dari_where_the_conversation_or_the_page_was(
    languages: LanguageModel, session: str | None, page: str, expected: str
) -> None:
    text = "کجا می‌توانم انگلیسی یاد بگیرم؟"
    assert languages.identify(text).code == "fa"
    assert languages.settle(text, None, session, page) == expected
