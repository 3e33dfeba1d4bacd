module kafka-order-events

go 1.19
