module memcached-sessions

go 1.19
