"""Greetings of called parties, made and labelled for tests of AMD. Knows nothing of AMD, calls and Asterisk.

`corpus.ready_corpus(72)` makes them once (espeak-ng and sox) and gives them from the cache afterwards;
`python -m tests.amd_corpus FOLDER --count 300` writes wav files and labels.json to look at and to listen to.
They are synthetic: good for holding two detectors against each other, no forecast of a campaign.
"""
