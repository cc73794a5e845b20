"""The process that does jobs.

run: claims jobs, does them, looks after those whose workers died
judging: a new job's files are judged
fine_tune: the platform's story, whole
attempt: one attempt: its folder, heartbeat, fenced writes, child process
border: whatever goes wrong becomes a move of the job
preparing: files, a tuned model to start from, a state to resume
metrics: training's figures in the wire's words
endings: how an attempt ends
notify: webhooks and e-mail are sent
job_mail: what a mail says of a job that has ended
data_operation: an operation on data files, whole
askable_models: which models an operation may ask
asked_model: the one that it asks
serving_client: the serving process, asked by a child
endpoint: core.outbound, asked by a child
artifacts: folders to blobs and back
fitting: does a job fit this machine now
leases: who is alive
process: the worker's side of a child process
protocol: the words between the two
lifeline: the child's side
child: the training process
check_files: the judging process
data_child: the process that works on data files
file_certificates: what it measures: no row is lost, and how much is trained on
model_certificates: what is measured of a trained model before it is handed over
"""
