module http-semantics

go 1.19
