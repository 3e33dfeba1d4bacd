module jwt-sessions

go 1.19
