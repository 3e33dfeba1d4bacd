module prometheus-metrics

go 1.19
