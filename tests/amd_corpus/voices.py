"""Who says what: texts by language, and espeak-ng's and flite's voices. Knows nothing of what a text means to AMD."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.end_to_end.pbx.host import ensure_programs

from .tones import Sound


@dataclass(frozen=True)
class Language:
    """What is said in one language. No names of real companies, no numbers of real people."""

    voices: tuple[str, ...]
    hello: tuple[str, ...]
    business: tuple[str, ...]
    mailbox: tuple[str, ...]
    short_mailbox: tuple[str, ...]
    announcement: tuple[str, ...]


LANGUAGES = (
    Language(
        voices=("en-us", "en-gb", "flite:slt", "flite:rms", "flite:awb", "flite:kal16"),
        hello=(
            "Hello?",
            "Yes?",
            "Hi, who is this?",
            "Hello, Anna speaking.",
            "Speaking.",
            "Hello, hello?",
            "Good evening.",
            "Yeah, hi.",
        ),
        business=(
            "Good morning, Example Limited, Anna speaking, how may I help you?",
            "Example dental practice, good afternoon.",
            "Thank you for calling Example Hotel. Reception, what can I do for you?",
            "Example and partners, this is Bob.",
            "Front desk, good evening, how can I help?",
        ),
        mailbox=(
            "Hello, you have reached the voice mailbox of Anna Example. I cannot take your call right now. "
            "Please leave your name and number after the tone.",
            "Hi! This is Bob. I am not here. Leave me a message and I will call you back as soon as I can.",
            "Your call has been forwarded to an automatic voice message system. At the tone, please record a message.",
            "You have reached the Example family. Nobody is at home. Please speak after the beep.",
            "Thank you for calling Example Limited. Our office is closed. Please leave a message.",
        ),
        short_mailbox=(
            "Leave a message.",
            "This is Bob, you know what to do.",
            "Not here. Beep!",
            "Please record your message.",
        ),
        announcement=(
            "The number you have dialled is not in service. Please check the number and try again.",
            "All circuits are busy now. Please try your call again later.",
        ),
    ),
    Language(
        voices=("it",),
        hello=("Pronto?", "Sì, pronto?", "Pronto, chi parla?", "Sì?", "Buongiorno, dica."),
        business=(
            "Buongiorno, studio Esempio, sono Anna, come posso aiutarla?",
            "Esempio assicurazioni, buonasera.",
            "Ristorante Esempio, buongiorno.",
        ),
        mailbox=(
            "Risponde la segreteria telefonica di Anna. In questo momento non posso rispondere. "
            "Lasciate un messaggio dopo il segnale acustico.",
            "Ciao, sono Marco, al momento non ci sono. Lasciami un messaggio.",
            "La persona chiamata non è al momento raggiungibile. La preghiamo di lasciare un messaggio.",
        ),
        short_mailbox=("Lasciate un messaggio.", "Segreteria telefonica."),
        announcement=(
            "Il numero da lei selezionato è inesistente. Si prega di verificare il numero.",
            "Il cliente da lei chiamato non è raggiungibile.",
        ),
    ),
    Language(
        voices=("de",),
        hello=("Hallo?", "Ja, bitte?", "Muster.", "Ja, hallo?"),
        business=(
            "Guten Tag, Firma Muster, Sie sprechen mit Anna, was kann ich für Sie tun?",
            "Praxis Muster, guten Tag.",
        ),
        mailbox=(
            "Guten Tag, hier ist der Anrufbeantworter von Anna Muster. Bitte sprechen Sie nach dem Signalton.",
            "Hallo, wir sind gerade nicht zu Hause. Hinterlassen Sie uns bitte eine Nachricht.",
        ),
        short_mailbox=("Bitte sprechen Sie jetzt.", "Niemand da."),
        announcement=(
            "Kein Anschluss unter dieser Nummer. Kein Anschluss unter dieser Nummer.",
            "Der gewünschte Gesprächspartner ist zurzeit nicht erreichbar.",
        ),
    ),
    Language(
        voices=("fr", "es"),
        hello=("Allo?", "Si?", "Allo, oui?", "Oui, bonjour."),
        business=("Bonjour, cabinet Exemple, Anna à votre écoute.", "Hôtel Exemple, bonsoir."),
        mailbox=(
            "Bonjour, vous êtes bien chez Anna. Merci de laisser un message après le bip sonore.",
            "Je ne suis pas disponible pour le moment. Laissez vos coordonnées et je vous rappellerai.",
        ),
        short_mailbox=("Laissez un message.", "Parlez après le bip."),
        announcement=(
            "Le numéro que vous avez demandé n'est pas attribué.",
            "Votre correspondant n'est pas joignable.",
        ),
    ),
)
VARIANTS = ("", "+f1", "+f2", "+f3", "+m1", "+m3", "+m5")


def say(text: str, *, voice: str, words_per_minute: int, pitch: int, word_gap_10ms: int = 0) -> Sound:
    """The text spoken, at 8 kHz, without silence before and after it; deterministic.

    `pitch` is espeak-ng's (0 to 99), `word_gap_10ms` lengthens the pauses between words; flite's voices know neither.
    Raises HarnessUnavailable when espeak-ng, flite or sox cannot be installed, CalledProcessError when one fails.
    """
    ensure_programs("espeak-ng", "flite", "sox")
    with tempfile.TemporaryDirectory() as scratch:
        wave = Path(scratch, "speech.wav")
        synthesizer, _, name = voice.rpartition(":")
        if synthesizer == "flite":
            stretch = 165 / words_per_minute
            command = [
                "flite",
                "-voice",
                name,
                "--setf",
                f"duration_stretch={stretch:.2f}",
                "-t",
                text,
                "-o",
                str(wave),
            ]
        else:
            manner = ["-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "-g", str(word_gap_10ms)]
            command = ["espeak-ng", *manner, "-w", str(wave), text]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        # -R: the dither is the same in every run; the telephone's band; the trim leaves quiet consonants
        trim = ["silence", "1", "0.01", "0.3%", "reverse", "silence", "1", "0.01", "0.3%", "reverse"]
        form = ["-r", "8000", "-c", "1", "-b", "16", "-e", "signed", "-t", "raw"]
        raw = subprocess.run(
            ["sox", "-R", str(wave), *form, "-", "norm", "-3", "sinc", "200-3400", *trim],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        ).stdout
    return np.frombuffer(raw, dtype="<i2").astype(np.float64)
