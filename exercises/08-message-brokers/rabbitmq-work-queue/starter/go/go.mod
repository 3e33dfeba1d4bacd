module rabbitmq-work-queue

go 1.19
