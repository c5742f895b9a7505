"""Questions in five languages get the right services and dated guidance from the real stack."""

import uuid

import pytest

from tests.stack.running_stack import Stack, kinds, same_on_servers, services

SERVE_EAST_CAMBRIDGESHIRE = {"Ely", "East Cambridgeshire", "Cambridgeshire", "East of England", "England", "UK"}
SERVE_FENLAND = {"Wisbech", "Fenland", "Cambridgeshire", "East of England", "England", "UK"}


def test_a_ukrainian_question_keeps_its_topic_when_the_place_changes(stack: Stack) -> None:
    first = stack.ask("Де я можу вивчати англійську в Елі?")
    assert first["language"] == "uk"
    assert (first["understood"]["topic"], first["understood"]["place"]) == ("esol", "Ely")
    shown = services(first)
    assert len(shown) >= 2
    assert all(set(service["serves"]) & SERVE_EAST_CAMBRIDGESHIRE for service in shown)
    guidance = next(reply for reply in first["replies"] if reply["kind"] == "guidance")
    assert guidance["lang"] == "uk"
    assert guidance["source"]

    second = stack.ask("А в Уісбечі?", first["session"])
    assert (second["understood"]["topic"], second["understood"]["place"]) == ("esol", "Wisbech")
    assert all(set(service["serves"]) & SERVE_FENLAND for service in services(second))


def test_nowhere_to_sleep_is_answered_before_anything_else(stack: Stack) -> None:
    answer = stack.ask("لا أملك مكانًا للنوم الليلة")
    assert answer["understood"]["topic"] == "housing"
    assert answer["understood"]["urgent"] == "homeless_tonight"
    assert kinds(answer)[0] == "urgent"
    urgent = answer["replies"][0]
    assert urgent["lang"] == "ar"
    assert urgent["text"].startswith(urgent["phone"])
    assert urgent["text_en"].startswith(urgent["phone"])


def test_a_legal_question_leads_with_the_official_registers(stack: Stack) -> None:
    answer = stack.ask("我想搵律師幫我申請庇護")
    assert answer["understood"]["topic"] == "legal"
    assert answer["language"] == "zh-Hant"
    shown = services(answer)
    assert shown[0]["name"] == "Find an immigration adviser (Immigration Advice Authority)"
    assert shown[1]["name"] == "Law Society Find a Solicitor"
    left_out = next(reply for reply in answer["replies"] if reply["kind"] == "services")["left_out"]
    assert left_out
    assert all(entry["reason"] for entry in left_out)


def test_questions_of_the_other_topics(stack: Stack) -> None:
    for text, language, topic in (
        ("به من گفتند NRPF دارم، چه کمکی می‌توانم بگیرم؟", "fa", "nrpf"),
        ("how i join libary no adress", "en", "library"),
        ("are you home office", "en", "trust"),
    ):
        answer = stack.ask(text)
        assert answer["language"] == language
        assert answer["understood"]["topic"] == topic, text


@same_on_servers
@pytest.mark.parametrize(
    ("topic", "place", "text"),
    [
        ("food", "Ely", "I need food in Ely"),
        ("food", "Ely", "Мені потрібна їжа в Ілі"),
        ("food", "Wisbech", "Мне нужны продукты в Уисбече"),
        ("food", "Ely", "أحتاج إلى طعام في إيلي"),
        ("legal", "Huntingdon", "أحتاج إلى محامٍ في هانتينغدون"),
        ("food", "Ely", "من در ایلی به غذا نیاز دارم"),
        ("housing", "Cambridge", "در کمبریج به مسکن نیاز دارم"),
        ("food", "Ely", "من در ایلی به غذا ضرورت دارم"),
        ("housing", "Cambridge", "در کمبریج به خانه ضرورت دارم"),
        ("food", "Ely", "زه په ایلي کې خوړو ته اړتیا لرم"),
        ("food", "Ely", "من لە ئیلی پێویستم بە خواردنە"),
        ("health", "Ely", "لە ئیلی پێویستم بە پزیشکە"),
        ("food", "Ely", "ኣብ ኢሊ ምግቢ የድልየኒ ኣሎ"),
        ("food", "Ely", "Am nevoie de mâncare în Ely"),
        ("food", "Ely", "Potrzebuję jedzenia w Ely"),
        ("food", "Ely", "Man reikia maisto Ely mieste"),
        ("legal", "Peterborough", "Qareen ayaan uga baahanahay Peterborough"),
        ("legal", "Peterborough", "我在彼得伯勒需要律師"),
    ],
)
def test_a_need_and_a_place_in_one_plain_sentence_are_both_heard(stack: Stack, topic: str, place: str, text: str) -> None:
    """The place alone would be an answer to a question that nobody asked."""
    understood = stack.ask(text)["understood"]
    assert (understood["topic"], understood["place"], understood["urgent"]) == (topic, place, None)


def test_the_library_needs_no_documents_and_says_so(stack: Stack) -> None:
    answer = stack.ask("how i join libary no adress")
    assert "do not need any documents" in " ".join(reply["text"] for reply in answer["replies"])


def test_the_pledge_is_told_with_its_limit(stack: Stack) -> None:
    answer = stack.ask("are you home office")
    said = next(reply["text"] for reply in answer["replies"] if "Place of Safety" in reply["text"])
    assert "must still give information to the Home Office when the law says so" in said


def test_housing_in_wisbech_leads_with_the_fenland_council_then_shelter(stack: Stack) -> None:
    shown = services(stack.ask("I need a place to rent in Wisbech"))
    assert shown[0]["name"] == "Fenland District Council, housing options"
    assert shown[1]["name"] == "Shelter emergency helpline"


def test_a_place_outside_is_named_and_not_mapped_inside(stack: Stack) -> None:
    answer = stack.ask("I live in Norwich, where is a food bank?")
    assert answer["understood"]["place"] is None
    assert any(reply["kind"] == "notice" and "Norwich" in reply["text"] for reply in answer["replies"])


def test_the_place_is_asked_once_and_anywhere_is_an_answer(stack: Stack) -> None:
    first = stack.ask("where can I learn English")
    offered = [choice["value"] for reply in first["replies"] for choice in reply.get("choices", [])]
    assert "place:fenland" in offered
    assert "place:anywhere" in offered
    second = stack.choose("place:anywhere", first["session"])
    assert second["understood"]["topic"] == "esol"
    third = stack.ask("where can I get a library card", first["session"])
    offered = [choice["value"] for reply in third["replies"] for choice in reply.get("choices", [])]
    assert not any(value.startswith("place:") for value in offered)


def test_more_shows_the_next_services(stack: Stack) -> None:
    first = stack.ask("I need help with housing in Cambridge")
    more = stack.choose("more", first["session"])
    seen = {service["id"] for service in services(first)}
    assert services(more)
    assert not seen & {service["id"] for service in services(more)}


def test_at_most_three_services_at_a_time(stack: Stack) -> None:
    answer = stack.ask("library opening times in Cambridge")
    assert all(len(reply["services"]) <= 3 for reply in answer["replies"] if reply["kind"] == "services")


def test_a_message_sent_twice_is_answered_once(stack: Stack) -> None:
    session = stack.ask("hello")["session"]
    key = uuid.uuid4().hex
    first = stack.ask("I need a doctor in Soham", session, message_id=key)
    again = stack.ask("I need a doctor in Soham", session, message_id=key)
    assert again == first


def test_a_pinned_language_is_kept_whatever_is_typed(stack: Stack) -> None:
    first = stack.ask("I need a food bank", language="uk")
    assert first["language"] == "uk"
    assert all(reply["lang"] == "uk" for reply in first["replies"] if reply["kind"] == "services")
    assert stack.ask("and in Ely?", first["session"])["language"] == "uk"


def test_another_language_can_be_asked_for(stack: Stack) -> None:
    answer = stack.ask("do you speak Arabic?")
    assert answer["language"] == "ar"
    assert stack.ask("ESOL", answer["session"])["language"] == "ar"


def test_starting_again_forgets_the_topic_and_the_place(stack: Stack) -> None:
    session = stack.ask("where can I learn English in Ely")["session"]
    stack.choose("start_again", session)
    answer = stack.ask("and in Soham?", session)
    assert answer["understood"]["topic"] is None


def test_what_cannot_be_helped_with_is_said(stack: Stack) -> None:
    answer = stack.ask("what's the weather")
    assert answer["understood"]["topic"] == "out_of_scope"
    assert services(answer) == []


def test_however_much_was_said_meanwhile_the_chat_goes_on_where_it_was(stack: Stack) -> None:
    """With every fifth message Rasa begins a new session."""
    gone_on = []
    for between in range(7):
        session = stack.ask("Where can I find food in Ely? I am a refugee with children")["session"]
        for _ in range(between):
            stack.ask("thank you", session)
        answers = [stack.ask(text, session) for text in ("more", "in Wisbech", "English classes")]
        gone_on.append([(answer["understood"], [service["id"] for service in services(answer)]) for answer in answers])
    assert gone_on[0][0][1] != gone_on[0][1][1]
    assert all(shown for _, shown in gone_on[0])
    assert all(each == gone_on[0] for each in gone_on)
