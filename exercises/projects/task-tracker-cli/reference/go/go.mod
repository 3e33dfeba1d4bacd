module task-tracker-cli

go 1.19
