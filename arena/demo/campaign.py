"""What the demo campaign is made of: plain data."""

from typing import Any

SLUG = "demo"
SERVED_MODEL = {
    "name": "smollm2-135m-instruct",
    "base_url": "http://127.0.0.1:8100/v1",
    "model_name": "smollm2-135m-instruct",
}

TEXTS: dict[str, dict[str, str]] = {
    "eu": {
        "title": "Zein ereduk erantzuten du hobeto?",
        "tagline": "Galdetu euskaraz, konparatu izenik gabeko bi erantzun, eta esan zein den hobea.",
        "notice": "Proba bat da hau: eredu txiki-txiki bat dabil bi aldeetan, ezarpen desberdinekin, eta euskara kaskarra "
        "idazten du. Batzuetan ingelesez erantzungo du, edo gauza bera esango du behin eta berriz.",
    },
    "es": {
        "title": "¿Qué modelo responde mejor?",
        "tagline": "Pregunta en euskera, compara dos respuestas sin nombre y di cuál es mejor.",
        "notice": "Esto es una prueba: en los dos lados hay un modelo diminuto con ajustes distintos, y su euskera es pobre. "
        "A veces responderá en inglés o se repetirá.",
    },
    "fr": {
        "title": "Quel modèle répond le mieux ?",
        "tagline": "Posez une question en basque, comparez deux réponses anonymes et dites laquelle est la meilleure.",
        "notice": "Ceci est une démonstration : des deux côtés se trouve un tout petit modèle aux réglages différents, et son "
        "basque est pauvre. Il répondra parfois en anglais ou se répétera.",
    },
    "en": {
        "title": "Which model answers better?",
        "tagline": "Ask in Basque, compare two answers without a name, and say which one is better.",
        "notice": "This is a demo: a tiny model with different settings stands on both sides, and its Basque is poor. "
        "Sometimes it will answer in English or repeat itself.",
    },
}

CONSENT: dict[str, str] = {
    "eu": "Kanpaina honek euskarazko hizkuntza-ereduak konparatzen ditu.\n\n"
    "- **Zer gordetzen dugun:** idazten dituzun galderak, ereduen erantzunak, zure botoak, eta zure euskara-maila eta "
    "ikasketak.\n"
    "- **Zertarako:** ereduen sailkapena egiteko eta datuak ikerketarako argitaratzeko, izenik gabe.\n"
    "- **Zer ez idatzi:** datu pertsonalik, ez zurerik ez beste inorenik.\n"
    "- **Zure eskubideak:** nahi duzunean deskarga ditzakezu zure datuak, eta ezaba dezakezu zure kontua; botoak izenik gabe geratzen dira.",
    "es": "Esta campaña compara modelos de lenguaje en euskera.\n\n"
    "- **Qué guardamos:** las preguntas que escribes, las respuestas de los modelos, tus votos, y tu nivel de euskera y "
    "estudios.\n"
    "- **Para qué:** para ordenar los modelos y publicar los datos para la investigación, sin nombres.\n"
    "- **Qué no escribir:** datos personales, ni tuyos ni de nadie.\n"
    "- **Tus derechos:** puedes descargar tus datos y borrar tu cuenta cuando quieras; los votos quedan sin nombre.",
    "fr": "Cette campagne compare des modèles de langue en basque.\n\n"
    "- **Ce que nous gardons :** les questions que vous écrivez, les réponses des modèles, vos votes, ainsi que votre niveau "
    "de basque et vos études.\n"
    "- **Pourquoi :** pour classer les modèles et publier les données pour la recherche, sans noms.\n"
    "- **À ne pas écrire :** des données personnelles, les vôtres ou celles d'autrui.\n"
    "- **Vos droits :** vous pouvez télécharger vos données et effacer votre compte quand vous voulez ; les votes restent, "
    "sans nom.",
    "en": "This campaign compares language models in Basque.\n\n"
    "- **What we keep:** the prompts that you write, the models' answers, your votes, and your level of Basque and "
    "education.\n"
    "- **What for:** to rank the models and to publish the data for research, without names.\n"
    "- **What not to write:** personal data, yours or anybody's.\n"
    "- **Your rights:** you can download your data and erase your account whenever you want; the votes stay, without a name.",
}

STARTING_PROMPTS: dict[str, tuple[str, ...]] = {
    "eu": (
        "Zer ikus dezaket Donostian egun bakarrean?",
        "Idatzi bertso labur bat itsasoari buruz.",
        "Azaldu zer den fotosintesia hamar urteko ume bati.",
        "Nola egiten da marmitakoa?",
        "Lagundu mezu adeitsu bat idazten, bilera bat atzeratzeko.",
        "Zein da «baina» eta «baizik» hitzen arteko aldea?",
    ),
    "es": ("Idatzi bertso labur bat itsasoari buruz.", "Nola egiten da marmitakoa?"),
    "fr": ("Idatzi bertso labur bat itsasoari buruz.", "Nola egiten da marmitakoa?"),
    "en": ("Idatzi bertso labur bat itsasoari buruz.", "Nola egiten da marmitakoa?"),
}

_ASSISTANT = "You are Latxa, a helpful assistant. Answer in standard formal Basque (euskara batua). Today is {date}."
_BRIEF = "You are Latxa, a helpful assistant. Answer in Basque, in two or three sentences. Today is {date}."

#: Four competitors over one server: two system prompts × two temperatures.
COMPETITORS: tuple[dict[str, Any], ...] = (
    {
        "name": "smollm2-formal-cool",
        "system_prompt": _ASSISTANT,
        "temperature": 0.2,
        "top_p": 0.95,
        "factors": {"prompt": "formal", "temperature": "low"},
    },
    {
        "name": "smollm2-formal-warm",
        "system_prompt": _ASSISTANT,
        "temperature": 0.7,
        "top_p": 0.95,
        "factors": {"prompt": "formal", "temperature": "high"},
    },
    {
        "name": "smollm2-brief-cool",
        "system_prompt": _BRIEF,
        "temperature": 0.2,
        "top_p": 0.95,
        "factors": {"prompt": "brief", "temperature": "low"},
    },
    {
        "name": "smollm2-brief-warm",
        "system_prompt": _BRIEF,
        "temperature": 0.7,
        "top_p": 0.95,
        "factors": {"prompt": "brief", "temperature": "high"},
    },
)
#: Short answers: the demo's engine runs on a CPU, and its context is 2,048 tokens.
MAX_TOKENS = 220
EXTRA_PARAMETERS = {"repetition_penalty": 1.1}
MATCHUP = {"name": "Demo: prompt × temperature", "target_votes": 600}
