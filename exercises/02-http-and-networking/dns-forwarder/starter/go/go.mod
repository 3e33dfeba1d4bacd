module dns-forwarder

go 1.19
