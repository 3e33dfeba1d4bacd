module mongo-catalogue

go 1.19
