"""Whether it helped: answers graded, scores with intervals, a report.

graders: answer and reference to right or wrong
retrieval: the training questions nearest to a query
statistics: scores with intervals
report: scores, curves and settings to report.json and report.html
"""
