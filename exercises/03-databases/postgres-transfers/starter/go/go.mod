module postgres-transfers

go 1.19
