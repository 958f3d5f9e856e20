"""The languages ebbwatch speaks: English is in the code, every other one is a .po file here.

A new language is one file: `pybabel extract -k say -k plural:1,2 -k mark -k marks:1,2
-o ebbwatch.pot bot`, then `pybabel init -i ebbwatch.pot -l fr -o bot/locales/fr.po`.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

_FOLDER = Path(__file__).parent
SOURCE = "en"


def languages() -> tuple[str, ...]:
    """Codes of all languages with a catalogue, the source language first."""
    return (SOURCE, *sorted(path.stem for path in _FOLDER.glob("*.po")))


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language code such as "de"; the source texts where there is none."""
    path = _FOLDER / f"{language}.po"
    if not path.is_file():
        return NullTranslations()
    # babel.messages is only needed where a channel does not speak English
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
