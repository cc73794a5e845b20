"""Whether it helped: answers graded, scores with intervals, a report.

graders: answer and reference to right or wrong
statistics: scores with intervals
retrieval: the training questions nearest to a query
run: contestants and held-out questions to scores
report: a run's results to report.json and report.html
report_nouns: what a report tells
verdict: whether tuning paid, in a sentence
report_page: a Report to one page that stands alone
charts: the page's pictures, as SVG
words: text, figures and times as a page shows them
"""
