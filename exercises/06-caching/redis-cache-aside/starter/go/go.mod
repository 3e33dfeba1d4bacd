module redis-cache-aside

go 1.19
