"""The command line.

main: the commands, and the border where errors become exit codes
quickstart: the whole story on the built-in base model and its own task
local: train and evaluate on this machine
data: the commands on data files
data_convert: what `data convert` takes and prints
data_pages: what they print
data_clean: personal data taken out, the detectors measured, surrogates undone
data_person: the rows of one person, found and erased
clean_pages: what both do and print
data_duplicates: data duplicates: rows that say the same, and the file without them
data_split: data split: a training and a validation file
data_diff: data diff and data version: what changed, and where a file comes from
data_progress: how far long work on a data file has come
data_fix: data fix
training_estimate: what a training on a file would take here
data_synthesize: data synthesize: examples that a model writes
synthesis_options: what it was asked for
synthesis_pages: what it does and prints
model_endpoint: the model behind a URL, asked through core.outbound
draft_review: drafts decided in a terminal
chat: a conversation with a model here
chat_options: what it was asked for
conversation: a conversation in the terminal, whoever answers
processes: up, which keeps the three processes running
supervisor: programs kept running, and stopped in order
browser: whether a person sits before this process, and their browser
parts: the API, a worker, or the serving process alone
access: projects, members, keys and migrate: the operator's door
access_pages: what they do and print
server_options: what every command against a server takes
server_commands: files, jobs and models of a server
server_pages: what they ask for and print
remote: a server as the command line sees it
rows_file: a JSON array as JSON lines
remote_train: train on a server
follow: a job on a server, watched until it ends
remote_chat: a conversation with a model on a server
command_name: how this program is called
doctor: what this machine has, and whether the engine computes right on it
machine: the machine as its operating system tells it
tables: tables that fit the terminal
progress: training shown while it runs
"""
