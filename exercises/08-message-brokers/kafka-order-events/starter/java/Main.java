import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;

public class Main {
    private static final int PORT = Integer.parseInt(setting("PORT", "3000"));
    private static final String KAFKA_BROKERS = setting("KAFKA_BROKERS", "127.0.0.1:9092");

    // The client is Kafka's own, org.apache.kafka:kafka-clients, with a KafkaProducer and a KafkaConsumer. Make each of
    // them once, and keep it. The first may be used by all threads, the other by one alone.
    // To add it, put a pom.xml with this dependency beside this file, or its jars into lib/.

    public static void main(String[] args) throws IOException {
        // Or the body of an answer waits, often 40 ms, until its client has acknowledged the headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", PORT), 128);
        server.createContext("/", Main::answer);
        // Without an executor the server handles one request after the other.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("orders on http://127.0.0.1:" + PORT + ", Kafka at " + KAFKA_BROKERS);
    }

    private static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            handle(exchange);
        } catch (RuntimeException e) {
            // The server would hang up without a word.
            e.printStackTrace();
        }
    }

    private static void handle(HttpExchange exchange) throws IOException {
        // Read it in any case: a connection with an unread body is closed, and the client may miss the answer.
        byte[] body = exchange.getRequestBody().readAllBytes();

        // Begin with POST /orders/<orderId>/events: one message, sent with the producer.
        String what = exchange.getRequestMethod() + " " + exchange.getRequestURI();
        sendJson(exchange, 501, Map.of("error", what + " is not implemented yet"));
    }

    private static void sendJson(HttpExchange exchange, int status, Object value) throws IOException {
        byte[] body = Json.write(value).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        // -1 stands for no body. (0 would be one of any length.)
        boolean bodiless = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, bodiless ? -1 : body.length);
        if (!bodiless) {
            exchange.getResponseBody().write(body);
        }
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
