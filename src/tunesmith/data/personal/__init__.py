"""Personal data: finding it, taking it out, proving what is found.

spans: a finding in a text, the protocol of recognizers, overlaps resolved
kinds: what is looked for, and how each kind is taken out
scan: a text or a row to its spans; the one door to all detectors
leaves: the texts of a row, JSON inside them opened
marked: e-mail, network addresses, links, folders, keys: whatever a sign in the text gives away
secrets: passwords and keys, by their shape or by the words before them
numbers: cards, accounts, national ids: digits that a checksum confirms
checksums: the arithmetic of those numbers
phones: which digits are a phone number
worded: dates, documents and accounts that only the words before them give away
names: names of people in Latin letters
chinese_names: names of people in Chinese characters
name_lists: common names, so that one is known without a word before it
addresses: postal addresses by their shape
reserved: values that are nobody's: ranges for examples, tags, surrogates
surrogates: what stands in for a value, the same one each time
changed_text: a text with stand-ins in it, and the way back
surrogate_names: names that nobody has
decisions: what a person accepted and rejected of the findings
coverage: what is not found
recognizers: named-entity models that the user installed
canaries: values planted in the user's own rows, to measure what is found
vault: surrogates and their originals, and the way back of each row, encrypted
restoring: a cleaned file and its vault to the originals
person: the rows that speak of one person
variants: how one person is written
folding: text without its marks
"""
