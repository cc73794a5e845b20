"""Whether it helped: answers graded, scores with intervals, a report.

graders: answer and reference to right or wrong
statistics: scores with intervals
retrieval: the training questions nearest to a query
run: contestants and held-out questions to scores
report: scores, curves and settings to report.json and report.html
"""
