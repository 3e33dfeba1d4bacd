import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;

public class Main {
    private static final int PORT = Integer.parseInt(setting("PORT", "3000"));
    private static final String UPSTREAM_URL = setting("UPSTREAM_URL", "http://127.0.0.1:4000");

    public static void main(String[] args) throws IOException {
        // Otherwise answers on a connection that is kept alive take 40 ms.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", PORT), 128);
        server.createContext("/", exchange -> {
            try {
                handle(exchange);
            } catch (RuntimeException | Error e) {
                // The server would hang up without a word.
                e.printStackTrace();
                throw e;
            }
        });
        // Without an executor the server handles one request after the other.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("gateway for " + UPSTREAM_URL + " on http://127.0.0.1:" + PORT);
    }

    private static void handle(HttpExchange exchange) throws IOException {
        // Begin with GET /status, then pass everything else on to the upstream.
        String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
        sendJson(exchange, 501, Map.of("error", request + " is not implemented yet"));
    }

    private static void sendJson(HttpExchange exchange, int status, Object value) throws IOException {
        byte[] bytes = Json.write(value).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
