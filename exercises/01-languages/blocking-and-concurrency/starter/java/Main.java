import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

public class Main {
    static final int PORT = Integer.parseInt(env("PORT", "3000"));
    static final String UPSTREAM_URL = env("UPSTREAM_URL", "http://127.0.0.1:4000");
    static final int WORKERS = Integer.parseInt(env("WORKERS", "" + Runtime.getRuntime().availableProcessors()));
    static final int QUEUE_LIMIT = Integer.parseInt(env("QUEUE_LIMIT", "16"));

    public static void main(String[] args) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", PORT), 128);
        server.createContext("/", Main::handle);
        // One thread for each request that is under way.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.printf("Listening on port %d: %d workers, %d may wait, lookups at %s%n",
                PORT, WORKERS, QUEUE_LIMIT, UPSTREAM_URL);
    }

    static void handle(HttpExchange exchange) throws IOException {
        answer(exchange, 501, "{\"error\":\"not built yet\"}");
    }

    static void answer(HttpExchange exchange, int status, String json) throws IOException {
        var bytes = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        try (var body = exchange.getResponseBody()) {
            body.write(bytes);
        }
    }

    static String env(String name, String fallback) {
        var value = System.getenv(name);
        return value == null || value.isEmpty() ? fallback : value;
    }
}
