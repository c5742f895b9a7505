"""Urgent need is found in five languages, and seldom where there is none."""

from pathlib import Path

import pytest

from bot.preparing import URGENCY, training_examples
from bot.understanding.embedding import Embedder
from bot.understanding.urgency import UrgencyModel, read_examples

EMERGENCY = [
    "someone is smashing our front door with an axe, kids are screaming",
    "my husband fell and he is not waking up, his lips are blue",
    "thick smoke in the corridor we cant get out",
    "сусід кидається на нас із сокирою, двері тріщать",
    "мама впала на кухні, не реагує, губи сині",
    "з розетки полум'я, штори горять, у кімнаті диму повно",
    "في رجل ماسك سكينة وعم يكسر باب غرفتنا",
    "بنتي ابتلعت قطعة لعبة ووجهها صار ازرق",
    "مرتي حامل ونزفت كتير وغابت عن الوعي",
    "یک نفر با تبر به در میکوبد میخواهد ما را بزند",
    "پدرم روی زمین افتاده نبضش را حس نمیکنم",
    "دود غلیظ راهرو را گرفته و گیر کردیم",
    "阿爸突然暈低 冇咗呼吸 點做CPR",
    "有個男人揸住刀喺門口話要斬我哋",
    "廚房爆炸 成屋都係火 走唔到",
]
HOMELESS_TONIGHT = [
    "council closed, its raining and me and my two girls have no bed for tonight",
    "the man i rent from changed the lock while i was at work, my things are on the pavement",
    "i been sleeping in the bus shelter behind tesco, too cold now",
    "спонсорка виставила наші речі за двері, ніч надворі, куди нам",
    "третю ніч ночуємо на лавці біля церкви",
    "з хостелу попросили о восьмій вечора, з малою на руках і нема де лягти",
    "رموا اغراضنا بالشارع وما عنا محل ننام فيه هالليلة",
    "نايم تحت الجسر من مبارح والمطر نازل",
    "صديقي قال لازم تطلع الليلة وما اعرف وين اروح بابني",
    "صاحبخانه وسایل ما را بیرون انداخت و امشب سقفی بالای سرمان نیست",
    "سه شب است در پارک روی نیمکت میخوابم",
    "از کمپ گفتند همین شب برو، با دو طفل کجا برویم",
    "業主換咗鎖 我同個女今晚企喺樓下冇得入屋",
    "我已經喺公園長凳瞓咗兩晚 今晚又落雨",
    "朋友叫我今晚走 冇錢book hotel 冇瓦遮頭",
]
# They have the words of urgent messages, or are near them: hard to tell apart.
HARMLESS = [
    "how many fire exits must a shared house have",
    "my cousin was stabbed in our country, does that help my asylum claim",
    "the kitchen knife I ordered came broken",
    "where can I train as a first aider",
    "my lease ends in April, how do I look for another flat",
    "is there a night bus on Sunday",
    "last year we slept in a hostel, now I need a table and chairs",
    "my old phone died and I lost my contacts",
    "як поміняти замок у квартирі, господар дозволив",
    "чоловік пожежник, чи визнають тут його диплом",
    "де купити теплий спальник для походу",
    "договір оренди закінчується через два місяці",
    "дитина боїться темряви, чи є дитячий психолог",
    "минулого року спали в спортзалі, тепер маємо дім і шукаємо меблі",
    "на яку ніч краще бронювати готель біля аеропорту",
    "чи треба дзвонити 111, щоб записатись на щеплення",
    "كم مرة لازم افحص جهاز انذار الدخان",
    "كيف اصير مسعف في الاسعاف",
    "عقد الايجار بيخلص بعد ثلاثة اشهر شو اعمل",
    "سكين المطبخ ممنوعة بشنطة الطيارة؟",
    "ابني بيخاف ينام لحاله بالليل",
    "السنة الماضية كنت بالشارع وهلق عندي غرفة وبدي فراش",
    "قديش بتكلف اوضة بفندق لعطلة نهاية الاسبوع",
    "قلبي تعبان من الغربة وبدي ناس احكي معهم",
    "چطور مدرک آتش نشانی ام را اینجا قبول میکنند",
    "قرارداد خانه ما سه ماه دیگر تمام میشود",
    "پتوی گرم برای زمستان از کجا ارزان بخرم",
    "پارسال در کمپ میخوابیدیم حالا برای خانه فرش لازم داریم",
    "دخترم شبها کابوس میبیند",
    "نگهبان شب هستم و معاشم کم است",
    "برای تصادف پارسال وکیل لازم دارم",
    "اتوبوس شب تا ساعت چند کار میکند",
    "租約下年三月完 想早啲搵屋",
    "煙霧感應器冇電 係業主換定自己換",
    "想考急救證書 邊度有得讀",
    "舊年住過收容所 而家想要張床褥",
    "個女成晚發惡夢 點算好",
    "夜班巴士去唔去車站",
    "廚房把刀好鈍 邊度磨",
    "醫院覆診想改期 打邊個電話",
]
PLAIN = [
    "reply to me please",
    "early in the morning",
    "Is the family centre open today",
    "I want to become a plumber",
    "where do I sign the form",
    "how much does a stamp cost",
    "my daughter is bottle fed",
    "The elm tree fell on the fence",
    "мені потрібен новий паспорт",
    "дитина захворіла вночі",
    "чи можна взяти книжку українською",
    "хочу знайти роботу кухарем",
    "скільки коштує проїзд автобусом",
    "мій чоловік шукає роботу водія",
    "де купити дешевий одяг",
    "ми приїхали всією родиною",
    "أبحث عن عمل في مطعم",
    "ابني مريض ويحتاج دواء",
    "كيف أسجل في المدرسة",
    "أريد أن أتعلم اللغة",
    "أين أجد ملابس مجانية",
    "عندي موعد مع المحامي غدا",
    "زوجتي حامل في الشهر السابع",
    "هل يوجد مترجم",
    "میخواهم گواهینامه رانندگی بگیرم",
    "پسرم مدرسه نمی‌رود",
    "دکتر خانم از کجا پیدا کنم",
    "برای کار چه مدارکی لازم است",
    "من تازه آمده‌ام و کسی را نمی‌شناسم",
    "حقوقم را نداده‌اند",
    "لباس گرم برای بچه‌ها",
    "کلاس خیاطی برای خانم ها",
    "我想學游泳",
    "請問有冇免費電腦用",
    "小朋友返學要幾錢",
    "我嘅簽證下個月到期",
    "有冇人可以幫我填表",
    "邊度可以換車牌",
    "我先生失業三個月",
    "想識多啲朋友",
]


def test_no_message_here_is_one_the_model_was_trained_on() -> None:
    assert (len(EMERGENCY), len(HOMELESS_TONIGHT), len(HARMLESS), len(PLAIN)) == (15, 15, 40, 40)
    trained = {lesson.text.casefold() for lesson in read_examples(URGENCY)} | {example.text.casefold() for example in training_examples()}
    assert not trained & {text.casefold() for text in [*EMERGENCY, *HOMELESS_TONIGHT, *HARMLESS, *PLAIN]}


def test_four_of_five_urgent_messages_are_found_as_what_they_are(urgency: UrgencyModel, embedder: Embedder) -> None:
    expected = [*((text, "emergency") for text in EMERGENCY), *((text, "homeless_tonight") for text in HOMELESS_TONIGHT)]
    missed = [text for text, kind in expected if urgency.find(text, embedder.embed(text)) != kind]
    assert len(missed) <= 0.2 * len(expected), missed


@pytest.mark.parametrize("slot", range(5), ids=["English", "Ukrainian", "Arabic", "Persian", "Chinese"])
def test_no_language_is_left_behind(urgency: UrgencyModel, embedder: Embedder, slot: int) -> None:
    texts = [*EMERGENCY[3 * slot : 3 * slot + 3], *HOMELESS_TONIGHT[3 * slot : 3 * slot + 3]]
    raised = [text for text in texts if urgency.find(text, embedder.embed(text))]
    assert len(raised) >= 4, set(texts) - set(raised)


# Six of the forty near-misses and five of the forty plain statements were raised when this was set.
HARD_RAISED, PLAIN_RAISED = 8, 5


def test_few_harmless_messages_with_the_words_of_urgent_ones_are_raised(urgency: UrgencyModel, embedder: Embedder) -> None:
    raised = [text for text in HARMLESS if urgency.find(text, embedder.embed(text))]
    assert len(raised) <= HARD_RAISED, raised


def test_hardly_any_plain_message_is_raised(urgency: UrgencyModel, embedder: Embedder) -> None:
    raised = [text for text in PLAIN if urgency.find(text, embedder.embed(text))]
    assert len(raised) <= PLAIN_RAISED, raised


def test_a_saved_model_decides_as_before(urgency: UrgencyModel, embedder: Embedder, tmp_path: Path) -> None:
    urgency.save(tmp_path)
    again = UrgencyModel.load(tmp_path)
    for text in [*EMERGENCY, *HOMELESS_TONIGHT, *HARMLESS]:
        vector = embedder.embed(text)
        assert again.find(text, vector) == urgency.find(text, vector)


def test_a_model_that_was_never_built_is_missed_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        UrgencyModel.load(tmp_path)
