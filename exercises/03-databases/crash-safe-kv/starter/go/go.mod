module crash-safe-kv

go 1.19
