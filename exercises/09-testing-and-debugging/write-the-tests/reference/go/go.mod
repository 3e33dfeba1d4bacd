module write-the-tests

go 1.19
