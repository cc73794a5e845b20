"""Mail to questions and answers.

importing: ★ the walk: files of mail to rows, and a reason for every message that became none
options: what a user may say about it
mail_files: which files hold mail; copies of those that are packed
folder_names: what programs call the folder of sent mail
mailboxes: an mbox or a single message to where each message lies
headers: raw headers to names, addresses, ids, dates
envelopes: what is kept of each message while the others are read
drops: bounces, machines' answers, lists, spam
threads: which message each one answers
ours: whose answers are learnt
letters: a message's own words, read when they are needed
bodies: MIME parts to one text
charsets: bytes to text, whatever was declared
html_text: HTML to the text that a plain mailer would have written
quotes: the author's words apart from what they quote or forward
quote_rules: how mail programs of many languages begin a quote
signatures: a letter without its ending
signature_rules: how letters end
pairs: questions and answers to rows
"""
