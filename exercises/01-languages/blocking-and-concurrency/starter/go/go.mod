module blocking-and-concurrency

go 1.19
